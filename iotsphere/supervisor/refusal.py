class Refusal(Exception):
    """Why the portal does not start, in one sentence that says what to do."""
