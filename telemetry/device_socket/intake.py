"""Where the frames of all sockets of a web process wait to be stored together: one commit for many of them."""

import asyncio
from asyncio import AbstractEventLoop, Future
from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error

from telemetry import rate
from telemetry.ingest import Envelope, Receipt, ingest
from telemetry.live.frames import Refused

log = structlog.get_logger(__name__)

MOST_BYTES = 32 * 1024 * 1024
RETRY_AFTER = 5.0


class Waiting(NamedTuple):
    envelope: Envelope
    credential: int
    done: "Future[Receipt | Refused]"


class Intake:
    """What comes while a batch is being stored is the next batch. What waits is bounded in size."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._work: asyncio.Task[None] | None = None

    def put(self, envelope: Envelope, credential: int) -> "Future[Receipt | Refused]":
        """What will become of it: the receipt once it is committed, or why it was not taken. It never raises."""
        done: Future[Receipt | Refused] = asyncio.get_running_loop().create_future()
        if self._bytes + len(envelope.body) > MOST_BYTES:
            done.set_result(
                Refused("unavailable", "More is sent than can be stored: send it again later.", RETRY_AFTER)
            )
            return done
        self._waiting.append(Waiting(envelope, credential, done))
        self._bytes += len(envelope.body)
        if self._work is None:
            self._work = asyncio.create_task(self._store_what_waits())
        return done

    async def _store_what_waits(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), settings.INGEST_BATCH_SIZE))]
                answers = await self._store(batch)
                self._bytes -= sum(len(waiting.envelope.body) for waiting in batch)
                for waiting, answer in zip(batch, answers, strict=True):
                    if not waiting.done.done():
                        waiting.done.set_result(answer)
        finally:
            self._work = None

    async def _store(self, batch: Sequence[Waiting]) -> Sequence[Receipt | Refused]:
        try:
            return await database_sync_to_async(store, thread_sensitive=False)(batch)
        except Exception:
            log.exception("telemetry turned away", frames=len(batch))
            return [Refused("unavailable", "The portal failed on it: send it again later.", RETRY_AFTER)] * len(batch)


def store(batch: Sequence[Waiting]) -> list[Receipt | Refused]:
    """What became of each. Those that exceed the rate of their credential are refused, the others are one batch."""
    allowed = rate.take(Counter(waiting.credential for waiting in batch))
    taken: list[Envelope] = []
    may: list[bool] = []
    for waiting in batch:
        may.append(allowed[waiting.credential] > 0)
        if may[-1]:
            allowed[waiting.credential] -= 1
            taken.append(waiting.envelope)
    too_often = Refused("limit", "Too many frames in this minute: send it again later.", round(rate.next_window(), 1))
    try:
        receipts = iter(ingest(taken))
    except Error as error:
        log.warning("telemetry turned away: the database does not answer", error=str(error))
        detail = "The portal cannot store anything at the moment. Nothing was taken: send it again."
        return [Refused("unavailable", detail, RETRY_AFTER) if is_allowed else too_often for is_allowed in may]
    return [next(receipts) if is_allowed else too_often for is_allowed in may]


_intakes: WeakKeyDictionary[AbstractEventLoop, Intake] = WeakKeyDictionary()


def intake() -> Intake:
    """The intake of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _intakes:
        _intakes[loop] = Intake()
    return _intakes[loop]
