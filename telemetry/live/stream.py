"""The Redis stream that carries everything live: written here, read by the hub of each web process."""

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import cast

import orjson
import redis
import structlog
from django.utils.crypto import salted_hmac
from redis.client import Pipeline

from telemetry.live.events import Changes, Entry, News
from telemetry.redis_client import impatient_redis

log = structlog.get_logger(__name__)

STREAM = "iotsphere:live"
FIELD = b"entry"
MOST_ENTRIES = 10_000
MOST_BYTES = 64 * 1024 * 1024
RETRY_AFTER = 1.0  # seconds in which a Redis that failed is not asked again, so that nobody waits for it


def push(changes: Changes, *also: Callable[[Pipeline], object]) -> None:
    """Tell all who watch these devices. Call it after the commit; Redis being away does not make it fail.

    `also` are further things to write to Redis on the same way, each given the pipeline.
    """
    _publisher().publish({"devices": changes} if changes else {}, *also)


def push_news(topic: str, news: News) -> None:
    """Tell all who have subscribed to that of another topic (topics.py). Call it after the commit."""
    if news:
        _publisher().publish(cast(Entry, {topic: news}))


def push_account_change(user_pk: int) -> None:
    """Have the sockets of a user find out anew who they are and what they may see. Call it after the commit."""
    _publisher().publish({"user": user_pk})


def push_device_change(device_pk: int) -> None:
    """Have the sockets of a device find out anew whether it may still send, and what waits for it. Call it after
    the commit.
    """
    _publisher().publish({"device": device_pk})


def push_session_end(session_key: str) -> None:
    """Close the sockets that were opened with this session."""
    _publisher().publish({"session": session_fingerprint(session_key)})


class Publisher:
    """Writes to the stream for this process. While Redis is away entries are lost: the first one after says so."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._lost = False
        self._retry_at = 0.0

    def publish(self, entry: Entry, *also: Callable[[Pipeline], object]) -> None:
        with self._lock:
            if time.monotonic() < self._retry_at:
                return
            if self._lost:
                entry = {**entry, "gap": True}
            pipeline = self._client.pipeline(transaction=False)
            if entry:
                body = orjson.dumps(entry, option=orjson.OPT_UTC_Z)
                pipeline.xadd(STREAM, {FIELD: body}, maxlen=_most_entries(body), approximate=True)
            for write in also:
                write(pipeline)
            try:
                pipeline.execute()
            except (redis.RedisError, OSError) as error:
                log.warning("live updates lost: Redis does not take them", error=str(error))
                self._lost, self._retry_at = True, time.monotonic() + RETRY_AFTER
            else:
                self._lost = False


def session_fingerprint(session_key: str) -> str:
    """Tells sessions apart without being of use to whoever reads it."""
    return salted_hmac("telemetry.live", session_key).hexdigest()


def _most_entries(body: bytes) -> int:
    """How many entries the stream keeps: fewer when they are large, so that its memory has a bound."""
    return max(100, min(MOST_ENTRIES, MOST_BYTES // len(body)))


@cache
def _publisher() -> Publisher:
    return Publisher(impatient_redis())
