"""What every socket of the portal does, whoever is at its other end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import orjson
from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch

from telemetry.live.frames import BadRequest, Frame, Refused, read_frame
from telemetry.live.hub import hub

AUTHENTICATE_WITHIN = 10  # seconds
MOST_BAD_FRAMES = 20  # in a row
POLICY_VIOLATION = 1008
UNAUTHENTICATED = 4401


class OrderlySocket(AsyncWebsocketConsumer):
    """It does one thing after the other: what the client sends, and what the hub and the clock have left a note of.

    What it is for is in the methods below, which are called one at a time.
    """

    user_pk: int | None = None
    device_pk: int | None = None
    session = ""

    @property
    def subscription_count(self) -> int:
        return 0

    def __init__(self) -> None:
        super().__init__()
        self._hub = hub()
        self._bad_frames = 0
        self._closed = False
        self._turn = asyncio.Lock()
        self._todo: set[str] = set()
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def read(self, text: str | None, data: bytes | None) -> Frame:
        """What was sent, as an object with a "type". Raises Refused."""
        return read_frame(text)

    async def obey(self, frame: Frame) -> None:
        """Do what the client asks for. Raises Refused."""
        raise NotImplementedError

    async def heed(self, notes: set[str]) -> None:
        """Do what was noted."""
        raise NotImplementedError

    async def tell_news(self) -> None:
        """Something was announced with `self._news.set()`."""

    async def let_go(self) -> None:
        """Give back what the socket holds: it is closing. May be called twice."""

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        self.scope = scope
        self.base_send = send
        try:
            await await_many_dispatch([receive, self._follow_news], self.dispatch)
        except StopConsumer:
            pass
        finally:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
            await self.let_go()
            await self._hub.leave(self)

    async def dispatch(self, message: dict[str, Any]) -> None:
        async with self._turn:
            await getattr(self, get_handler_name(message))(message)

    async def hang_up(self, code: int, reason: Refused | None = None) -> None:
        if self._closed:
            return
        self._closed = True
        if reason is not None:
            await self.say_error(reason)
        await self.close(code)
        await self.let_go()

    # --- Notes of the hub and of the clock -----------------------------------------------------------------------

    def recheck(self) -> None:
        self._note("recheck")

    def resync(self) -> None:
        self._note("resync")

    def end(self) -> None:
        self._note("end")

    def pace_changed(self) -> None:
        self._note("pace")

    def _note(self, what: str) -> None:
        self._todo.add(what)
        self._news.set()

    def _note_in(self, seconds: float, what: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._note, what)

    async def _follow_news(self) -> NoReturn:
        while True:
            await self._news.wait()
            self._news.clear()
            async with self._turn:
                if self._todo:
                    todo, self._todo = self._todo, set()
                    await self.heed(todo)
                await self.tell_news()

    # --- What goes to and fro ------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._closed:
            return
        frame: Frame = {}
        try:
            frame = self.read(text_data, bytes_data)
            await self.obey(frame)
        except Refused as refused:
            await self.say_error(refused, frame.get("id"))
            self._bad_frames += isinstance(refused, BadRequest)
            if self._bad_frames == MOST_BAD_FRAMES:
                await self.hang_up(POLICY_VIOLATION)
        else:
            self._bad_frames = 0

    async def say_error(self, refused: Refused, about: Any = None) -> None:
        """`about` is the client's own name for what is refused, if it gave one."""
        name = about if isinstance(about, str | int | float) else None
        error: Frame = {"type": "error", "id": name, "code": refused.code, "detail": refused.detail}
        if refused.retry_after is not None:
            error["retry_after"] = refused.retry_after
        await self.say(error)

    async def say(self, frame: Frame) -> None:
        await self.send(orjson.dumps(frame).decode())
