"""A socket that says no more than its client reads."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from prometheus_client import Counter

from telemetry.live.frames import Frame, Refused
from telemetry.live.person_socket import PersonSocket
from telemetry.live.reader import Reader

SLOW_READER = 4008
LAST_WORDS_WITHIN = 1  # second: uvicorn takes nothing more for a client that it cannot send more to

SLOW_READERS = Counter("iotsphere_live_slow_readers", "Live sockets closed because their clients did not read.")


class PacedSocket(PersonSocket):
    """Asks its client now and then, `ping`, how far it has read. What has more than an answer to say looks first
    whether there is `room`, and is told as news when there is again. Who does not answer for too long is left.
    """

    def __init__(self) -> None:
        super().__init__()
        self._reader = Reader()
        self._patience = asyncio.timeout(None)

    @property
    def room(self) -> bool:
        return self._reader.has_room

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        try:
            # From outside: under uvicorn the socket may itself be waiting for the client to read.
            async with self._patience:
                await super().__call__(scope, receive, send)
        except TimeoutError:
            if not self._patience.expired():
                raise
            SLOW_READERS.inc()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_WITHIN):
                    await self.say_error(_too_slow())
                    await self.close(SLOW_READER)

    async def hang_up(self, code: int, reason: Refused | None = None) -> None:
        await super().hang_up(code, reason)
        self._be_patient(None)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._reader.is_hopeless:
            SLOW_READERS.inc()
            await self.hang_up(SLOW_READER, _too_slow())
        await super().receive(text_data, bytes_data)

    async def obey(self, frame: Frame) -> None:
        if frame["type"] != "pong":
            await super().obey(frame)
        elif self._reader.has_read(frame.get("mark")):
            self._be_patient(None)
            self._news.set()

    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool | int = False
    ) -> None:
        await super().send(text_data, bytes_data, close)
        self._reader.sent(text_data or "")
        if mark := self._reader.mark():
            self._be_patient(settings.LIVE_PONG_WITHIN)
            await super().send(f'{{"type":"ping","mark":"{mark}"}}')

    def _be_patient(self, seconds: float | None) -> None:
        if not self._patience.expired():
            self._patience.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


def _too_slow() -> Refused:
    detail = f"Read what you are sent, and answer each ping with its mark within {settings.LIVE_PONG_WITHIN} seconds."
    return Refused("slow_reader", detail)
