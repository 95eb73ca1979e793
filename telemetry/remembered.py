"""What is looked up again and again, remembered for a few seconds in each process."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

FRESH = 4.0
LONGEST = 5.0
AT_ONCE = 250

K = TypeVar("K")
V = TypeVar("V")


class _Known(NamedTuple, Generic[V]):
    value: V
    since: float


class Remembered(Generic[K, V]):
    """What `read` finds for keys, for up to LONGEST seconds; `most` of it.

    What this process changes has to be forgotten at once, what others change is noticed LONGEST later. Only what
    exists is remembered: the rest is read each time. What is not FRESH any more is read anew AT_ONCE, for each time
    the database is asked somebody waits, and for a long time if it is asked for all.
    """

    def __init__(self, read: Callable[[Collection[K]], Mapping[K, V]], most: int) -> None:
        self._read = read
        self._most = most
        self._known: dict[K, _Known[V]] = {}
        self._due: set[K] = set()
        self._changes = 0
        self._lock = threading.Lock()

    def find(self, keys: Collection[K]) -> dict[K, V]:
        """The values of those that exist."""
        now = time.monotonic()
        found: dict[K, V] = {}
        missing: list[K] = []
        for key in keys:
            known = self._known.get(key)
            if known is None or known.since + LONGEST <= now:
                missing.append(key)
                continue
            found[key] = known.value
            if known.since + FRESH <= now:
                self._due.add(key)
        if missing or len(self._due) >= AT_ONCE:
            read = self._renew(missing, now)
            for key in keys:
                if key in read:
                    found[key] = read[key]
        return found

    def forget(self) -> None:
        """Read everything anew."""
        with self._lock:
            self._changes += 1
            self._known.clear()
            self._due.clear()

    def _renew(self, missing: Collection[K], now: float) -> Mapping[K, V]:
        with self._lock:
            changes, due, self._due = self._changes, self._due, set()
        wanted = due.union(missing)
        read = self._read(wanted)
        with self._lock:
            if changes == self._changes:  # or something was changed after it was read
                for key in wanted:
                    self._known.pop(key, None)
                self._known.update((key, _Known(value, now)) for key, value in read.items())
                for key in list(islice(self._known, max(0, len(self._known) - self._most))):
                    del self._known[key]
        return read
