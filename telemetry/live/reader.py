"""Whether the other side of a socket reads what it is sent. The server does not tell: Daphne takes all it is given and
keeps what the network does not, so a reader that has stopped would cost ever more memory.
"""

from secrets import token_hex

ASK_AFTER = 64 * 1024  # bytes sent after which the reader is asked whether it has got that far
MOST_UNREAD = 256 * 1024  # bytes on their way after which it is sent nothing new
FRAME_COST = 256  # bytes that a frame costs beside its text
# Small answers to what the client itself sends are not held back: one that wants thousands and reads none is stopped.
MOST_UNREAD_FRAMES = 4_000


class Reader:
    """Frames arrive in their order, so a mark that comes back proves that all before it has been read."""

    def __init__(self) -> None:
        self._sent = 0
        self._read = 0
        self._frames = 0  # since the last mark that came back
        self._mark = ""
        self._marked = self._marked_frames = 0

    def sent(self, text: str) -> None:
        self._sent += len(text) + FRAME_COST
        self._frames += 1

    def mark(self) -> str:
        """The mark to send now, or nothing if there is no need to ask, or no answer yet to the last one.

        Nobody can guess it: it comes back from those alone who have read it.
        """
        if self._mark or self._sent - self._read < ASK_AFTER:
            return ""
        self._mark = token_hex(4)
        self._marked, self._marked_frames = self._sent, self._frames
        return self._mark

    def has_read(self, mark: object) -> bool:
        """Whether it is the one that was asked for."""
        if not self._mark or mark != self._mark:
            return False
        self._mark = ""
        self._read = self._marked
        self._frames -= self._marked_frames
        return True

    @property
    def has_room(self) -> bool:
        """Whether it reads fast enough to be sent more."""
        return self._sent - self._read < MOST_UNREAD

    @property
    def is_hopeless(self) -> bool:
        return self._frames > MOST_UNREAD_FRAMES
