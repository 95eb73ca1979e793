"""How often a credential may send: so many messages in each minute, whichever door they come through."""

import time
from collections.abc import Mapping
from functools import cache

import redis
import structlog
from django.conf import settings

from telemetry.redis_client import impatient_redis

log = structlog.get_logger(__name__)

WINDOW = 60


def take(wanted: Mapping[int, int]) -> dict[int, int]:
    """How many of the wanted messages each credential may send now. While Redis is away all of them."""
    window = int(time.time() // WINDOW)
    pipeline = _redis(settings.REDIS_URL).pipeline(transaction=False)
    for credential, count in wanted.items():
        key = f"iotsphere:requests:{credential}:{window}"
        pipeline.incrby(key, count)
        pipeline.expire(key, 2 * WINDOW)
    try:
        totals = pipeline.execute()[::2]
    except (redis.RedisError, OSError) as error:
        log.warning("what devices send is not counted: Redis does not answer", error=str(error))
        return dict(wanted)
    return {
        credential: max(0, min(count, settings.INGEST_REQUESTS_PER_MINUTE - (total - count)))
        for (credential, count), total in zip(wanted.items(), totals, strict=True)
    }


def next_window() -> float:
    """Seconds until credentials may send again."""
    return WINDOW - time.time() % WINDOW


@cache
def _redis(url: str) -> redis.Redis:
    return impatient_redis()
