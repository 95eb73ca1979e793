from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


def impatient_redis(**options: Any) -> redis.Redis:
    """A client for what had better fail than wait: by default redis-py tries for many seconds."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 1), **options
    )
