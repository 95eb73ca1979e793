class Undelivered(Exception):
    """The other side did not take a notification; with what it said."""
