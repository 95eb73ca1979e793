"""Where what arrives waits to be processed: bounded in number and size."""

import threading
from collections import deque
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    @property
    def size(self) -> int: ...


T = TypeVar("T", bound=Sized)


class Inbox(Generic[T]):
    """A queue that is emptied by the batch. Who puts something into a full one waits, and so does who sent it."""

    def __init__(self, max_items: int, max_bytes: int) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._items: deque[T] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> bool:
        """Wait for room; False if the inbox was closed instead."""
        with self._changed:
            while self._is_full(item) and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            self._items.append(item)
            self._bytes += item.size
            self._changed.notify_all()
            return True

    def take(self, most: int) -> list[T]:
        """Wait for something and take all that is there, `most` at the most; nothing once it is closed and empty."""
        with self._changed:
            while not self._items and not self._closed:
                self._changed.wait()
            items = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._bytes -= sum(item.size for item in items)
            self._changed.notify_all()
            return items

    def close(self) -> None:
        """From now on nothing gets in."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._items)

    def _is_full(self, item: T) -> bool:
        # What is larger than all the room there is gets in alone.
        return len(self._items) >= self._max_items or (bool(self._items) and self._bytes + item.size > self._max_bytes)
