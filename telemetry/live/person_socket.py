"""What every socket of a person does: prove who is there, and stop when that no longer holds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import orjson
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.conf import settings
from django.utils import timezone

from telemetry.live.frames import BadRequest, Frame, Refused, read_frame, token_of
from telemetry.live.hub import hub
from telemetry.live.stream import session_fingerprint
from telemetry.live.visitor import Visitor, visitor_with_session, visitor_with_token

AUTHENTICATE_WITHIN = 10  # seconds
HINT_BEFORE_EXPIRY = 60  # seconds
MOST_BAD_FRAMES = 20  # in a row
UNAUTHENTICATED = 4401
POLICY_VIOLATION = 1008


class PersonSocket(AsyncWebsocketConsumer):
    """A socket of somebody who signs in by session or access token (docs/developer/live.md), told by the hub when to
    ask again who that is.

    It does one thing after the other: what the client sends, and what the hub and the clock have left a note of.
    What it is for is in the methods below, which are called one at a time.
    """

    user_pk = 0
    session = ""

    def __init__(self) -> None:
        super().__init__()
        self._hub = hub()
        self._visitor: Visitor | None = None
        self._bad_frames = 0
        self._closed = False
        self._turn = asyncio.Lock()
        self._todo: set[str] = set()
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    async def welcome(self, visitor: Visitor) -> None:
        """Somebody has signed in, perhaps once more."""
        await self.say({"type": "ready", "user": visitor.user.get_username()})

    async def do(self, visitor: Visitor, frame: Frame) -> None:
        """Do what the client asks for. Raises Refused."""
        raise NotImplementedError

    async def review(self, visitor: Visitor, *, resync: bool) -> None:
        """What the visitor may do may have changed; with `resync` news may be lost besides."""

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
            if self._timer is not None:
                self._timer.cancel()
            await self.let_go()
            await self._hub.leave(self)

    async def dispatch(self, message: dict[str, Any]) -> None:
        async with self._turn:
            await getattr(self, get_handler_name(message))(message)

    # --- Notes of the hub and of the clock -----------------------------------------------------------------------

    def recheck(self) -> None:
        self._note("recheck")

    def resync(self) -> None:
        self._note("resync")

    def end(self) -> None:
        self._note("end")

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
                    await self._work_off()
                await self.tell_news()

    async def _work_off(self) -> None:
        todo, self._todo = self._todo, set()
        if "end" in todo:
            await self._turn_away("You have signed out.")
        if "late" in todo and self._visitor is None:
            await self._turn_away(f"Nobody signed in within {AUTHENTICATE_WITHIN} seconds.")
        if "expiring" in todo and self._visitor is not None:
            await self._hint_at_expiry(self._visitor)
        if todo & {"recheck", "resync"} and self._visitor is not None:
            await self._check_again(self._visitor, resync="resync" in todo)

    # --- Who is there --------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        await self.accept()
        session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        # Within the hub's reach before anything is looked up: a session that ends meanwhile is not overlooked.
        self.session = session_fingerprint(session_key) if session_key else ""
        await self._hub.enter(self)
        if not session_key:
            await self.say({"type": "authenticate", "within": AUTHENTICATE_WITHIN})
            self._note_in(AUTHENTICATE_WITHIN, "late")
        elif (visitor := await database_sync_to_async(visitor_with_session)(session_key)) is None:
            await self._turn_away("Your session is over: sign in again.")
        else:
            self._believe(visitor)
            await self.welcome(visitor)

    async def _authenticate(self, token: str) -> None:
        visitor = await database_sync_to_async(visitor_with_token)(token)
        if visitor is None:
            await self._turn_away("The access token is not valid: get another from /api/v1/token/refresh/.")
        elif self._visitor is not None and visitor.user.pk != self._visitor.user.pk:
            raise BadRequest("This socket is another user's: open a new one.")
        else:
            self._believe(visitor)
            await self.welcome(visitor)

    def _believe(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self.user_pk, self.session = visitor.user.pk, visitor.session
        if visitor.by_token:
            self._note_in(max(0, _seconds_left(visitor) - HINT_BEFORE_EXPIRY), "expiring")
        else:
            self._note_in(_seconds_left(visitor), "recheck")

    async def _hint_at_expiry(self, visitor: Visitor) -> None:
        left = _seconds_left(visitor)
        self._note_in(left + 0.1, "recheck")  # not before: then it would still be valid
        await self.say({"type": "expiring", "seconds": round(left)})

    async def _check_again(self, visitor: Visitor, *, resync: bool) -> None:
        again = await database_sync_to_async(visitor.again)()
        if again is None or again.user.pk != visitor.user.pk:
            await self._turn_away("You are no longer signed in: sign in again.")
            return
        self._believe(again)
        await self.review(again, resync=resync)

    async def _turn_away(self, detail: str) -> None:
        await self.hang_up(UNAUTHENTICATED, Refused("unauthenticated", detail))

    async def hang_up(self, code: int, reason: Refused | None = None) -> None:
        if self._closed:
            return
        self._closed = True
        self._visitor = None
        if reason is not None:
            await self.say_error(reason)
        await self.let_go()
        await self.close(code)

    # --- What goes to and fro ------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._closed:
            return
        frame: Frame = {}
        try:
            frame = read_frame(text_data)
            await self._do(frame)
        except Refused as refused:
            await self.say_error(refused, frame.get("id"))
            self._bad_frames += isinstance(refused, BadRequest)
            if self._bad_frames == MOST_BAD_FRAMES:
                await self.hang_up(POLICY_VIOLATION)
        else:
            self._bad_frames = 0

    async def _do(self, frame: Frame) -> None:
        if frame["type"] == "authenticate":
            await self._authenticate(token_of(frame))
        elif self._visitor is None:
            await self._turn_away('Sign in first: {"type": "authenticate", "token": "…"}.')
        elif frame["type"] == "ping":
            await self.say({"type": "pong"})
        else:
            await self.do(self._visitor, frame)

    async def say_error(self, refused: Refused, about: Any = None) -> None:
        """`about` is the client's own name for what is refused, if it gave one."""
        name = about if isinstance(about, str) else None
        await self.say({"type": "error", "id": name, "code": refused.code, "detail": refused.detail})

    async def say(self, frame: Frame) -> None:
        await self.send(orjson.dumps(frame).decode())


def _seconds_left(visitor: Visitor) -> float:
    return max(0, (visitor.valid_until - timezone.now()).total_seconds())
