class Undelivered(Exception):
    """The other side did not take a notification; with what it said."""


class Gone(Undelivered):
    """And it never will: there is nobody there any more."""
