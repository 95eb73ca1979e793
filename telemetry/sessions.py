"""Which sessions the portal's ingest workers have at the broker, and which of them holds each: noted in Redis.

A session collects messages whether anybody holds it or not. So one that its worker left for good must be found, and
the one that brings the statuses must have exactly one holder.
"""

from datetime import timedelta
from typing import cast

from django.conf import settings

from telemetry.redis_client import impatient_redis

LEASE = timedelta(seconds=15)
PREFIX = "iotsphere"


class Sessions:
    """As one worker sees them, whose name is that of its own session. All methods raise redis.RedisError."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._redis = impatient_redis(decode_responses=True)
        self._all = f"{PREFIX}:sessions:{settings.INGEST_GROUP}"

    def keep(self, session: str) -> None:
        """It exists, and is held by this worker from now on, whoever held it before."""
        pipeline = self._redis.pipeline()
        pipeline.sadd(self._all, session)
        pipeline.set(_lease(session), self._own, ex=LEASE)
        pipeline.execute()

    def claim(self, session: str) -> bool:
        """Whether this worker holds it: it does if nobody else does."""
        pipeline = self._redis.pipeline()
        pipeline.sadd(self._all, session)
        pipeline.set(_lease(session), self._own, ex=LEASE, nx=True)
        pipeline.execute()
        if self._redis.get(_lease(session)) != self._own:
            return False
        self._redis.expire(_lease(session), LEASE)
        return True

    def release(self, session: str) -> None:
        """Others may hold it."""
        if self._redis.get(_lease(session)) == self._own:
            self._redis.delete(_lease(session))

    def forget(self, session: str) -> None:
        """It is no more."""
        self._redis.srem(self._all, session)
        self.release(session)

    def left(self) -> set[str]:
        """Those that nobody holds."""
        sessions = sorted(cast(set[str], self._redis.smembers(self._all)))
        holders = self._redis.mget(map(_lease, sessions)) if sessions else []
        return {session for session, holder in zip(sessions, holders, strict=True) if holder is None}


def _lease(session: str) -> str:
    return f"{PREFIX}:session:{session}"
