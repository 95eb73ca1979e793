"""Messages that wait to be sent, on disk so that they outlive the agent."""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

logger = logging.getLogger(__name__)

MESSAGES = "CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, body TEXT NOT NULL)"
DROPPED = "CREATE TABLE IF NOT EXISTS dropped (total INTEGER NOT NULL)"


class OutboxTaken(Exception):
    """Another agent uses the file."""


class Waiting(NamedTuple):
    number: int
    body: str


class Outbox:
    """A queue of at most `most` messages; one more drops the oldest, which is counted.

    What waits is in memory, and the file (if there is one) follows. A disk that is full or fails is logged and costs
    nothing as long as the agent lives: when the file can be written again it gets all that waits then.
    """

    def __init__(self, file: Path | None, most: int) -> None:
        """Raises OutboxTaken, or OSError where the file cannot be made."""
        self.most = most
        self.dropped = 0
        self._lock = threading.Lock()
        self._waiting: deque[Waiting] = deque()
        self._is_behind = False
        self._file = file
        self._database = None if file is None else _open(file)
        if self._database is not None:
            self._waiting.extend(map(Waiting._make, self._database.execute("SELECT * FROM message ORDER BY number")))
            [[self.dropped]] = self._database.execute("SELECT coalesce(max(total), 0) FROM dropped")
        self._next = self._waiting[-1].number + 1 if self._waiting else 1

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, body: str) -> None:
        with self._lock:
            while len(self._waiting) >= self.most:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(message := Waiting(self._next, body))
            self._next += 1
            self._follow(lambda database: database.execute("INSERT INTO message VALUES (?, ?)", message))

    def first(self, most: int, most_bytes: int) -> list[Waiting]:
        """The oldest messages: one at least if there is any, else no more than these limits allow."""
        with self._lock:
            messages: list[Waiting] = []
            size = 0
            for message in islice(self._waiting, most):
                size += len(message.body.encode()) + 1
                if messages and size > most_bytes:
                    break
                messages.append(message)
            return messages

    def remove(self, up_to: int) -> None:
        """Forget the messages up to and with this number."""
        with self._lock:
            while self._waiting and self._waiting[0].number <= up_to:
                self._waiting.popleft()
            self._follow(lambda _: None)

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _follow(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """Bring the file up to what waits in memory, by `change` unless it missed something before."""
        if self._database is None:
            return
        try:
            with self._database as database:
                oldest = self._waiting[0].number if self._waiting else self._next
                database.execute("DELETE FROM message WHERE number < ?", [oldest])
                if self._is_behind:
                    database.executemany("INSERT OR REPLACE INTO message VALUES (?, ?)", self._waiting)
                else:
                    change(database)
                database.execute("UPDATE dropped SET total = ?", [self.dropped])
        except sqlite3.Error as error:
            if not self._is_behind:
                logger.error("%s cannot be written, readings are kept in memory: %s", self._file, error)
            self._is_behind = True
        else:
            if self._is_behind:
                logger.info("%s can be written again", self._file)
            self._is_behind = False


def _open(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(file)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise OutboxTaken(f"Another agent uses {file}. Give each its own by --buffer.") from error
        raise OSError(f"{file} cannot be used as buffer: {error}") from error
    except sqlite3.DatabaseError as error:
        broken = file.with_name(f"{file.name}.broken")
        logger.error("%s is damaged (%s): it is now %s, and a new one begins", file, error, broken)
        file.replace(broken)
        return _connect(file)


def _connect(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=1, check_same_thread=False)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        with database:
            database.execute("BEGIN EXCLUSIVE")
            database.execute(MESSAGES)
            database.execute(DROPPED)
            if not database.execute("SELECT count(*) FROM dropped").fetchone()[0]:
                database.execute("INSERT INTO dropped VALUES (0)")
        if (answer := database.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(answer)
    except sqlite3.Error:
        database.close()
        raise
    return database
