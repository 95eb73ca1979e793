"""Whether anybody takes in what devices send by MQTT: listeners say in Redis whether it is so, as long as they run."""

from datetime import timedelta

import redis
import structlog

from telemetry.redis_client import impatient_redis

log = structlog.get_logger(__name__)

KEY = "iotsphere:listener"
EVERY = 3.0  # seconds
MISSED_AFTER = timedelta(seconds=10)
WELL, FALTERING = b"1", b"0"


def beat(*, is_well: bool = True) -> None:
    """Say that what devices send is taken in; or that it is not, which counts where no other listener is well."""
    try:
        with impatient_redis() as client:
            client.set(KEY, WELL if is_well else FALTERING, ex=MISSED_AFTER, nx=not is_well)
    except redis.RedisError as error:
        log.warning("the listener's heartbeat could not be noted", error=str(error))


def is_heard() -> bool:
    """Raises redis.RedisError while Redis is away."""
    with impatient_redis() as client:
        return client.get(KEY) == WELL
