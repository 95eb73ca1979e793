from dataclasses import dataclass

import orjson
from channels.db import database_sync_to_async
from django.conf import settings
from prometheus_client import Counter

from telemetry.live import orders
from telemetry.live.feed import Batch, Subject, Subscription
from telemetry.live.frames import BadRequest, Frame, Refused, cursor_of, id_of
from telemetry.live.paced_socket import PacedSocket
from telemetry.live.reader import FRAME_COST, MOST_UNREAD
from telemetry.live.state import MOST_DEVICES, TooManyDevices, Wish
from telemetry.live.topics import concerning, news_of, wish_of
from telemetry.live.visitor import Visitor

MOST_SUBSCRIPTIONS = 32
ORDERS = {"command": orders.command, "desired": orders.desired}

FRAMES = Counter("iotsphere_live_frames", "Frames with changes sent to live sockets.")


@dataclass(slots=True)
class Watch:
    """A subscription as its client knows it."""

    wish: Wish
    subscription: Subscription
    since: str | None  # the cursor from which it is still to be caught up; empty: its state is due


class LiveConsumer(PacedSocket):
    """/ws/live/: the state of devices and other topics, then what changes. docs/developer/live.md describes the frames.

    While the client is behind with reading, states and changes wait, and become one with what comes after them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._watches: dict[str, Watch] = {}
        self._paused = ""  # what the client was told last of Hub.paused

    async def welcome(self, visitor: Visitor) -> None:
        await super().welcome(visitor)
        await self._tell_pace()

    async def heed(self, notes: set[str]) -> None:
        if "pace" in notes and self._visitor is not None:
            await self._tell_pace()
        await super().heed(notes)

    @property
    def subscription_count(self) -> int:
        return len(self._watches)

    async def tell_news(self) -> None:
        for watch_id, watch in list(self._watches.items()):
            if self._visitor is None or not self.room:
                return
            # To the end of the row: where there is little room everybody gets some of it.
            self._watches[watch_id] = self._watches.pop(watch_id)
            since, watch.since = watch.since, None
            if since:
                await self._catch_up(self._visitor, watch_id, watch, since)
            elif since is not None:
                await self._send_state(self._visitor, watch_id, watch)
            elif (batch := watch.subscription.take()) is not None:
                await self._send_change(watch_id, watch, batch)

    async def review(self, visitor: Visitor, *, resync: bool) -> None:
        for watch_id, watch in list(self._watches.items()):
            subject = await database_sync_to_async(watch.wish.subject)(visitor.user)
            if resync or subject != watch.subscription.subject:
                await self._watch(watch_id, watch.wish, subject)

    async def let_go(self) -> None:
        for watch_id in list(self._watches):
            self._drop(watch_id)

    # --- What the client sends -----------------------------------------------------------------------------------

    async def do(self, visitor: Visitor, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "subscribe":
            await self._subscribe(visitor, frame)
        elif kind == "unsubscribe":
            self._drop(id_of(frame))
        elif kind == "resume":
            cursor = cursor_of(frame)
            for watch in self._watches.values():
                watch.since = cursor
            self._news.set()
        elif kind in ORDERS:
            await self.say(await database_sync_to_async(ORDERS[kind])(visitor.user, frame))
        else:
            known = ", ".join(ORDERS)
            raise BadRequest(f"Unknown type: send authenticate, subscribe, unsubscribe, resume, {known}, ping or pong.")

    async def _subscribe(self, visitor: Visitor, frame: Frame) -> None:
        watch_id, wish = id_of(frame), wish_of(frame)
        cursor = cursor_of(frame) if "cursor" in frame else ""
        if watch_id not in self._watches:
            self._check_limits(visitor)
        subject = await database_sync_to_async(wish.subject)(visitor.user)
        await self._watch(watch_id, wish, subject, cursor)

    def _check_limits(self, visitor: Visitor) -> None:
        if len(self._watches) >= MOST_SUBSCRIPTIONS:
            raise Refused("limit", f"A socket may have {MOST_SUBSCRIPTIONS} subscriptions: name more devices in each.")
        most = settings.LIVE_SUBSCRIPTIONS_PER_USER
        if self._hub.subscriptions_of(visitor.user.pk) >= most:
            raise Refused("limit", f"You have {most} subscriptions on all your sockets: end some of them.")

    async def _watch(self, watch_id: str, wish: Wish, subject: Subject, cursor: str = "") -> None:
        """Subscribe to `subject`, what can be seen of `wish`, in place of any subscription of that name."""
        self._drop(watch_id)
        if missing := wish.missing(subject):
            await self.say_error(Refused("not_found", missing), watch_id)
        if subject:
            watch = self._watches[watch_id] = Watch(wish, Subscription(subject, self._news.set), since=cursor)
            # Joined first and looked up afterwards, so that nothing falls in between.
            self._hub.join(watch.subscription)
            self._news.set()

    def _drop(self, watch_id: str) -> None:
        if (watch := self._watches.pop(watch_id, None)) is not None:
            self._hub.part(watch.subscription)

    # --- What the client is sent ---------------------------------------------------------------------------------

    async def _tell_pace(self) -> None:
        if self._hub.paused != self._paused:
            self._paused = self._hub.paused
            await self.say({"type": "paused", "detail": self._paused} if self._paused else {"type": "resumed"})

    async def _catch_up(self, visitor: Visitor, watch_id: str, watch: Watch, cursor: str) -> None:
        """Send what came between `cursor` and the subscription, entry by entry; where that is unknown, or more than a
        client is sent at once, the state.
        """
        subject, joined, topic = watch.subscription.subject, watch.subscription.cursor, watch.wish.topic
        missed = await self._hub.between(cursor, joined)
        news = [(at, concerning(subject, topic, news_of(told, topic))) for at, told in missed or ()]
        batches = [Batch.of(at, part) for at, part in news if part]
        if missed is None or sum(len(batch.json) + FRAME_COST for batch in batches) > MOST_UNREAD:
            await self._send_state(visitor, watch_id, watch)
            return
        for batch in batches:
            await self._send_change(watch_id, watch, batch)
        await self._send_change(watch_id, watch, Batch(joined, {}))

    async def _send_state(self, visitor: Visitor, watch_id: str, watch: Watch) -> None:
        # What waits is older than the state that is looked up now.
        waiting = watch.subscription.take()
        cursor = waiting.cursor if waiting else watch.subscription.cursor
        try:
            state = await database_sync_to_async(watch.wish.state)(visitor.user)
        except TooManyDevices:
            self._drop(watch_id)
            detail = f"The project has more than {MOST_DEVICES} devices: name those you want to see."
            await self.say_error(Refused("limit", detail), watch_id)
            return
        await self._tell("state", watch_id, watch, cursor, state)

    async def _send_change(self, watch_id: str, watch: Watch, batch: Batch) -> None:
        FRAMES.inc()
        await self._tell("change", watch_id, watch, batch.cursor, batch.json)

    async def _tell(self, kind: str, watch_id: str, watch: Watch, cursor: str, told: str) -> None:
        # Put together by hand: what is told is encoded once for all who watch the same.
        name = orjson.dumps(watch_id).decode()
        await self.send(f'{{"type":"{kind}","id":{name},"cursor":"{cursor}","{watch.wish.topic}":{told}}}')
