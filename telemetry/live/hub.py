"""One per web process (per event loop): reads the stream and tells the process's sockets what concerns them."""

import asyncio
from asyncio import AbstractEventLoop
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol, cast
from weakref import WeakKeyDictionary

import orjson
import structlog
from django.conf import settings
from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from telemetry import heartbeat
from telemetry.live.events import Entry, News
from telemetry.live.feed import Feed, Route, Subject, Subscription
from telemetry.live.stream import FIELD, STREAM
from telemetry.live.topics import Topic, news_of, topics

log = structlog.get_logger(__name__)

NOWHERE = "0-0"  # a cursor that no entry ever has
READ_AT_ONCE = 100
BLOCK = 5_000  # milliseconds
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
FIRST_ANSWER_WITHIN = 2.0
REPLAY_MOST_ENTRIES = 1_000
REPLAY_MOST_BYTES = 8 * 1024 * 1024
REPLAY_AT_ONCE = 20
REDIS_IS_AWAY = "Live updates stand still: Redis does not answer."
NOTHING_IS_TAKEN = "What devices send by MQTT waits: the portal cannot store it at the moment."

SOCKETS = Gauge("iotsphere_live_sockets", "Open sockets of this web process, of people and devices.")

RawEntries = list[tuple[bytes, dict[bytes, bytes]]]


class Socket(Protocol):
    """What the hub knows of an open socket. The methods return at once; the socket does its work later."""

    user_pk: int | None  # 0 until it is known
    device_pk: int | None  # 0 until it is known
    session: str

    @property
    def subscription_count(self) -> int: ...

    def recheck(self) -> None:
        """Who this is, or what they may see, may have changed."""

    def pace_changed(self) -> None:
        """Updates stand still, or go on: see Hub.paused."""

    def resync(self) -> None:
        """Something may have been missed: recheck, and send the whole state again."""

    def end(self) -> None:
        """The session is over."""


class Hub:
    """Runs while it has sockets."""

    def __init__(self) -> None:
        self.cursor = NOWHERE  # the newest entry handed out
        self.paused = ""  # why no updates come at present, in words for people
        self._sockets: set[Socket] = set()
        self._feeds: dict[Subject, Feed] = {}
        self._routes: dict[Route, set[Feed]] = defaultdict(set)
        self._redis: Redis | None = None
        self._reader: asyncio.Task[None] | None = None
        self._following = asyncio.Event()
        self._listener_due = 0.0

    async def enter(self, socket: Socket) -> None:
        """Take in a socket. With the first one the hub starts to read, and waits until it does."""
        self._sockets.add(socket)
        SOCKETS.set(len(self._sockets))
        if self._reader is None:
            self._redis = Redis.from_url(
                settings.REDIS_URL,
                socket_connect_timeout=2,
                socket_timeout=2 * BLOCK / 1000,  # longer than XREAD blocks: a Redis that is gone is found out
                retry=Retry(NoBackoff(), 0),  # an interruption shall be seen here: entries may be missing after it
            )
            self._reader = asyncio.create_task(self._read(self._redis))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._following.wait(), FIRST_ANSWER_WITHIN)

    async def leave(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        SOCKETS.set(len(self._sockets))
        if self._sockets or self._reader is None or self._redis is None:
            return
        reader, redis = self._reader, self._redis
        self._reader = self._redis = None
        self._following.clear()
        self.cursor, self.paused = NOWHERE, ""
        while not reader.done():
            # redis-py swallows a cancellation that comes at the same moment as an answer.
            reader.cancel()
            await asyncio.wait([reader], timeout=0.1)
        await redis.aclose()

    def sockets_of(self, user_pk: int) -> int:
        return sum(socket.user_pk == user_pk for socket in self._sockets)

    def subscriptions_of(self, user_pk: int) -> int:
        return sum(socket.subscription_count for socket in self._sockets if socket.user_pk == user_pk)

    def join(self, subscription: Subscription) -> None:
        """From now on, the subscription is offered everything about its subject that comes after its cursor."""
        subject = subscription.subject
        feed = self._feeds.get(subject)
        if feed is None:
            loop = asyncio.get_running_loop()
            feed = self._feeds[subject] = Feed(loop.time, loop.call_at)
            for route in subject:
                self._routes[route].add(feed)
        feed.join(subscription)
        subscription.cursor = self.cursor

    def part(self, subscription: Subscription) -> None:
        feed = self._feeds.get(subscription.subject)
        if feed is None or not feed.leave(subscription):
            return
        del self._feeds[subscription.subject]
        for route in subscription.subject:
            self._routes[route].discard(feed)
            if not self._routes[route]:
                del self._routes[route]

    async def between(self, cursor: str, until: str) -> list[tuple[str, Entry]] | None:
        """What was pushed after `cursor` up to `until`. None if that cannot be told without a gap, or is too much."""
        if self._redis is None:
            return None
        try:
            return await _read_between(self._redis, cursor, until)
        except (RedisError, OSError) as error:
            log.warning("cannot look up what a socket missed", error=str(error))
            return None

    async def _read(self, redis: Redis) -> None:
        pause = 0.0
        while True:
            try:
                await self._find_the_end(redis)
                if pause:
                    self._pause("")
                    self._resync()
                pause = 0.0
                while True:
                    await self._heed_listener(redis)
                    await self._follow(redis)
            except (RedisError, OSError) as error:
                if pause:  # not for a connection that was lost and is there again
                    self._pause(REDIS_IS_AWAY)
                pause = min(2 * pause or SHORTEST_PAUSE, LONGEST_PAUSE)
                log.warning("live updates stand still: Redis does not answer", error=str(error), retry_in=pause)
            await asyncio.sleep(pause)

    async def _find_the_end(self, redis: Redis) -> None:
        newest = cast(RawEntries, await redis.xrevrange(STREAM, count=1))
        self.cursor = newest[0][0].decode() if newest else NOWHERE
        self._following.set()

    async def _heed_listener(self, redis: Redis) -> None:
        """Where the listeners say that they cannot store anything, no news does not mean that nothing happens."""
        now = asyncio.get_running_loop().time()
        if now >= self._listener_due:
            self._listener_due = now + heartbeat.EVERY
            says = await redis.get(heartbeat.KEY)
            if says in (heartbeat.WELL, heartbeat.FALTERING):  # else there is no listener, or it says so soon
                self._pause("" if says == heartbeat.WELL else NOTHING_IS_TAKEN)

    def _pause(self, why: str) -> None:
        if why != self.paused:
            self.paused = why
            for socket in self._sockets:
                socket.pace_changed()

    async def _follow(self, redis: Redis) -> None:
        entries: RawEntries = []
        answer: Any = await redis.xread({STREAM: self.cursor}, count=READ_AT_ONCE, block=BLOCK)
        for _, entries in answer:
            for entry_id, fields in entries:
                self.cursor = entry_id.decode()
                self._hand_out(fields[FIELD])
        if len(entries) == READ_AT_ONCE and not await _range(redis, self.cursor, self.cursor):
            # So far behind that the stream was cut off in front of the hub.
            await self._find_the_end(redis)
            self._resync()

    def _hand_out(self, body: bytes) -> None:
        try:
            entry: Entry = orjson.loads(body)
            for topic in topics().values():
                for feed, part in self._by_feed(topic, news_of(entry, topic.name)):
                    feed.add(self.cursor, part)
        except (ValueError, KeyError, TypeError, AttributeError):
            # Written by another version of the portal, while this one is being replaced.
            log.exception("an entry of the live stream was not understood")
            self._resync()
            return
        if entry.keys() & {"user", "device", "session"}:
            for socket in self._sockets:
                self._warn(socket, entry)
        if entry.get("gap"):
            self._resync()

    def _warn(self, socket: Socket, entry: Entry) -> None:
        # While somebody is being looked up, any of the changes may be about them.
        if "user" in entry and socket.user_pk in (0, entry["user"]):
            socket.recheck()
        if "device" in entry and socket.device_pk in (0, entry["device"]):
            socket.recheck()
        if entry.get("session") == socket.session:
            socket.end()

    def _by_feed(self, topic: Topic, news: News) -> Iterable[tuple[Feed, News]]:
        touched: dict[Feed, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for key, each in news.items():
            for route in topic.routes(key, each):
                for feed in self._routes.get(route, ()):
                    touched[feed][key] = each
        return touched.items()

    def _resync(self) -> None:
        for socket in self._sockets:
            socket.resync()


async def _read_between(redis: Redis, cursor: str, until: str) -> list[tuple[str, Entry]] | None:
    entries = await _range(redis, cursor, until)
    if not entries or entries.pop(0)[0].decode() != cursor:
        return None  # The entry at the cursor is gone, and who knows what after it.
    found: list[tuple[str, Entry]] = []
    size = 0
    while entries:
        for entry_id, fields in entries:
            entry: Entry = orjson.loads(fields[FIELD])
            size += len(fields[FIELD])
            if entry.get("gap"):
                return None
            found.append((entry_id.decode(), entry))
        if len(found) > REPLAY_MOST_ENTRIES or size > REPLAY_MOST_BYTES:
            return None
        entries = await _range(redis, f"({found[-1][0]}", until)
    return found


async def _range(redis: Redis, start: str, end: str) -> RawEntries:
    return cast(RawEntries, await redis.xrange(STREAM, start, end, count=REPLAY_AT_ONCE))


_hubs: WeakKeyDictionary[AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
