import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.conf import settings
from django.utils import timezone
from prometheus_client import Counter

from telemetry.live.feed import Batch, Subject, Subscription, concerning
from telemetry.live.frames import BadRequest, Frame, Refused, cursor_of, id_of, read_frame, token_of, wish_of
from telemetry.live.hub import hub
from telemetry.live.state import MOST_DEVICES, TooManyDevices, Wish
from telemetry.live.stream import session_fingerprint
from telemetry.live.visitor import Visitor, visitor_with_session, visitor_with_token

AUTHENTICATE_WITHIN = 10  # seconds
HINT_BEFORE_EXPIRY = 60  # seconds
MOST_SUBSCRIPTIONS = 32
MOST_BAD_FRAMES = 20  # in a row
UNAUTHENTICATED = 4401
POLICY_VIOLATION = 1008

FRAMES = Counter("iotsphere_live_frames", "Frames with changes sent to live sockets.")


@dataclass(frozen=True, slots=True)
class Watch:
    """A subscription as its client knows it."""

    wish: Wish
    subscription: Subscription


class LiveConsumer(AsyncWebsocketConsumer):
    """/ws/live/: the state of devices, then what changes. docs/developer/live.md describes the frames.

    It does one thing after the other: what the client sends, and what the hub and the clock have left a note of.
    """

    user_pk = 0
    session = ""

    def __init__(self) -> None:
        super().__init__()
        self._hub = hub()
        self._visitor: Visitor | None = None
        self._watches: dict[str, Watch] = {}
        self._bad_frames = 0
        self._paused = ""  # what the client was told last of Hub.paused
        self._closed = False
        self._turn = asyncio.Lock()
        self._todo: set[str] = set()
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

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
            self._drop_all()
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
                    await self._work_off()
                for watch_id, watch in self._watches.items():
                    if (batch := watch.subscription.take()) is not None:
                        await self._send_change(watch_id, batch)

    async def _work_off(self) -> None:
        todo, self._todo = self._todo, set()
        if "end" in todo:
            await self._turn_away("You have signed out.")
        if "late" in todo and self._visitor is None:
            await self._turn_away(f"Nobody signed in within {AUTHENTICATE_WITHIN} seconds.")
        if "expiring" in todo and self._visitor is not None:
            await self._hint_at_expiry(self._visitor)
        if "pace" in todo:
            await self._tell_pace()
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
            await self._send({"type": "authenticate", "within": AUTHENTICATE_WITHIN})
            self._note_in(AUTHENTICATE_WITHIN, "late")
        elif (visitor := await database_sync_to_async(visitor_with_session)(session_key)) is None:
            await self._turn_away("Your session is over: sign in again.")
        else:
            await self._welcome(visitor)

    async def _authenticate(self, token: str) -> None:
        visitor = await database_sync_to_async(visitor_with_token)(token)
        if visitor is None:
            await self._turn_away("The access token is not valid: get another from /api/v1/token/refresh/.")
        elif self._visitor is not None and visitor.user.pk != self._visitor.user.pk:
            raise BadRequest("This socket is another user's: open a new one.")
        else:
            await self._welcome(visitor)

    async def _welcome(self, visitor: Visitor) -> None:
        self._believe(visitor)
        await self._send({"type": "ready", "user": visitor.user.get_username()})
        await self._tell_pace()

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
        await self._send({"type": "expiring", "seconds": round(left)})

    async def _check_again(self, visitor: Visitor, *, resync: bool) -> None:
        again = await database_sync_to_async(visitor.again)()
        if again is None or again.user.pk != visitor.user.pk:
            await self._turn_away("You are no longer signed in: sign in again.")
            return
        self._believe(again)
        for watch_id, watch in list(self._watches.items()):
            subject = await database_sync_to_async(watch.wish.subject)(again.user)
            if resync or subject != watch.subscription.subject:
                await self._watch(again, watch_id, watch.wish, subject)

    async def _turn_away(self, detail: str) -> None:
        if not self._closed:
            await self._send_error(Refused("unauthenticated", detail))
            await self._hang_up(UNAUTHENTICATED)

    async def _hang_up(self, code: int) -> None:
        self._closed = True
        self._visitor = None
        self._drop_all()
        await self.close(code)

    # --- What the client sends -----------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._closed:
            return
        frame: Frame = {}
        try:
            frame = read_frame(text_data)
            await self._do(frame)
        except Refused as refused:
            await self._send_error(refused, frame.get("id"))
            self._bad_frames += isinstance(refused, BadRequest)
            if self._bad_frames == MOST_BAD_FRAMES:
                await self._hang_up(POLICY_VIOLATION)
        else:
            self._bad_frames = 0

    async def _do(self, frame: Frame) -> None:
        kind, visitor = frame["type"], self._visitor
        if kind == "authenticate":
            await self._authenticate(token_of(frame))
        elif visitor is None:
            await self._turn_away('Sign in first: {"type": "authenticate", "token": "…"}.')
        elif kind == "subscribe":
            await self._subscribe(visitor, frame)
        elif kind == "unsubscribe":
            self._drop(id_of(frame))
        elif kind == "resume":
            cursor = cursor_of(frame)
            for watch_id, watch in list(self._watches.items()):
                await self._catch_up(visitor, watch_id, watch, cursor)
        elif kind == "ping":
            await self._send({"type": "pong"})
        else:
            raise BadRequest("Unknown type: send authenticate, subscribe, unsubscribe, resume or ping.")

    async def _subscribe(self, visitor: Visitor, frame: Frame) -> None:
        watch_id, wish = id_of(frame), wish_of(frame)
        cursor = cursor_of(frame) if "cursor" in frame else ""
        if watch_id not in self._watches and len(self._watches) >= MOST_SUBSCRIPTIONS:
            raise Refused("limit", f"A socket may have {MOST_SUBSCRIPTIONS} subscriptions: name more devices in each.")
        subject = await database_sync_to_async(wish.subject)(visitor.user)
        await self._watch(visitor, watch_id, wish, subject, cursor)

    async def _watch(self, visitor: Visitor, watch_id: str, wish: Wish, subject: Subject, cursor: str = "") -> None:
        """Subscribe to `subject`, what can be seen of `wish`, in place of any subscription of that name."""
        self._drop(watch_id)
        if missing := wish.missing(subject):
            await self._send_error(Refused("not_found", missing), watch_id)
        if not subject:
            return
        watch = self._watches[watch_id] = Watch(wish, Subscription(subject, self._news.set))
        # Joined first and looked up afterwards, so that nothing falls in between.
        self._hub.join(watch.subscription)
        if cursor:
            await self._catch_up(visitor, watch_id, watch, cursor)
        else:
            await self._send_state(visitor, watch_id, watch)

    async def _catch_up(self, visitor: Visitor, watch_id: str, watch: Watch, cursor: str) -> None:
        """Send what came between `cursor` and the subscription, entry by entry; where that is unknown the state."""
        subject, joined = watch.subscription.subject, watch.subscription.cursor
        missed = await self._hub.between(cursor, joined)
        if missed is None:
            await self._send_state(visitor, watch_id, watch)
            return
        for entry_cursor, changes in missed:
            if part := concerning(subject, changes):
                await self._send_change(watch_id, Batch.of(entry_cursor, part))
        await self._send_change(watch_id, Batch(joined, {}))

    def _drop(self, watch_id: str) -> None:
        if (watch := self._watches.pop(watch_id, None)) is not None:
            self._hub.part(watch.subscription)

    def _drop_all(self) -> None:
        for watch_id in list(self._watches):
            self._drop(watch_id)

    # --- What the client is sent ---------------------------------------------------------------------------------

    async def _tell_pace(self) -> None:
        if self._visitor is not None and self._hub.paused != self._paused:
            self._paused = self._hub.paused
            await self._send({"type": "paused", "detail": self._paused} if self._paused else {"type": "resumed"})

    async def _send_state(self, visitor: Visitor, watch_id: str, watch: Watch) -> None:
        try:
            devices = await database_sync_to_async(watch.wish.state)(visitor.user)
        except TooManyDevices:
            self._drop(watch_id)
            detail = f"The project has more than {MOST_DEVICES} devices: name those you want to see."
            await self._send_error(Refused("limit", detail), watch_id)
            return
        await self._send_devices("state", watch_id, watch.subscription.cursor, devices)

    async def _send_change(self, watch_id: str, batch: Batch) -> None:
        FRAMES.inc()
        await self._send_devices("change", watch_id, batch.cursor, batch.json)

    async def _send_devices(self, kind: str, watch_id: str, cursor: str, devices: str) -> None:
        # Put together by hand: the devices are encoded once for all who watch the same.
        name = orjson.dumps(watch_id).decode()
        await self.send(f'{{"type":"{kind}","id":{name},"cursor":"{cursor}","devices":{devices}}}')

    async def _send_error(self, refused: Refused, watch_id: Any = None) -> None:
        name = watch_id if isinstance(watch_id, str) else None
        await self._send({"type": "error", "id": name, "code": refused.code, "detail": refused.detail})

    async def _send(self, frame: Frame) -> None:
        await self.send(orjson.dumps(frame).decode())


def _seconds_left(visitor: Visitor) -> float:
    return max(0, (visitor.valid_until - timezone.now()).total_seconds())
