"""Whether anybody takes in what devices send by MQTT: the listener says so in Redis, as long as it is true."""

from datetime import timedelta

import redis
import structlog

from telemetry.redis_client import impatient_redis

log = structlog.get_logger(__name__)

KEY = "iotsphere:listener"
EVERY = 3.0  # seconds
MISSED_AFTER = timedelta(seconds=15)


def beat() -> None:
    try:
        with impatient_redis() as client:
            client.set(KEY, 1, ex=MISSED_AFTER)
    except redis.RedisError as error:
        log.warning("the listener's heartbeat could not be noted", error=str(error))


def is_heard() -> bool:
    """Raises redis.RedisError while Redis is away."""
    with impatient_redis() as client:
        return bool(client.exists(KEY))
