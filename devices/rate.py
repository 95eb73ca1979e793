"""How often something may happen in a minute, counted in the cache for all processes."""

import time

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

WINDOW = 60


def is_within(name: str, limit: int) -> bool:
    """Count one more of `name`; False if there are too many this minute. While Redis is away there never are."""
    key = f"rate:{name}:{int(time.time() // WINDOW)}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        return cache.incr(key) <= limit
    except (RedisError, OSError, ValueError) as error:
        log.warning("nothing is counted: the cache does not answer", error=str(error))
        return True


def seconds_left() -> float:
    return WINDOW - time.time() % WINDOW
