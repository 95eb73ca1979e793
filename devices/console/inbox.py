"""Where messages wait for the page. A flood is cut to what somebody can look at, and what is dropped is counted."""

import threading
from collections import deque
from datetime import datetime
from typing import NamedTuple

MOST_MESSAGES = 200
MOST_BYTES = 128 * 1024
SHOWN_BYTES = 16 * 1024  # of one message


class Message(NamedTuple):
    topic: str
    payload: bytes  # the first SHOWN_BYTES
    size: int
    qos: int
    retain: bool
    received_at: datetime


class Inbox:
    """The newest messages, within bounds. It is filled in one thread and emptied in another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: deque[tuple[Message, bool]] = deque()
        self._bytes = 0
        self._dropped = 0

    def put(self, message: Message, *, is_theirs: bool) -> bool:
        """Whether it is the first since the inbox was emptied. What may not be theirs is not counted when it goes."""
        with self._lock:
            was_empty = not self._messages
            self._messages.append((message, is_theirs))
            self._bytes += len(message.payload)
            while len(self._messages) > MOST_MESSAGES or self._bytes > MOST_BYTES:
                oldest, was_theirs = self._messages.popleft()
                self._bytes -= len(oldest.payload)
                self._dropped += was_theirs
            return was_empty

    def take(self) -> tuple[list[Message], int]:
        """What waits, oldest first, and how many were dropped before it."""
        with self._lock:
            messages, dropped = [message for message, _ in self._messages], self._dropped
            self._messages.clear()
            self._bytes = self._dropped = 0
        return messages, dropped
