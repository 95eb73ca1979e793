"""How fast telemetry comes in, for pages, the admin and /metrics: counted in Redis by every process that ingests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.client import Pipeline

from telemetry.redis_client import impatient_redis

TOTALS = "iotsphere:ingest"
MINUTE = "iotsphere:readings:{:%Y%m%d%H%M}"
KEPT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Commit:
    """One committed batch, in items; `lag` is the time that its oldest message waited for the commit."""

    at: datetime
    stored: int
    duplicate: int
    rejected: int
    quarantined: int
    lag: timedelta


@dataclass(frozen=True, slots=True)
class Throughput:
    """`per_minute`: readings stored in each full minute, the newest last. The totals count since Redis is there."""

    per_minute: list[int]
    stored: int
    duplicate: int
    rejected: int
    quarantined: int
    last_commit: datetime | None
    lag_seconds: float | None

    @property
    def readings_per_minute(self) -> int:
        return self.per_minute[-1]


def record(commit: Commit) -> Callable[[Pipeline], object]:
    """What to write to Redis about a commit, on the way of the live push that follows it."""

    def write(pipeline: Pipeline) -> None:
        minute = MINUTE.format(commit.at.astimezone(UTC))
        pipeline.incrby(minute, commit.stored)
        pipeline.expire(minute, KEPT)
        for name in ("stored", "duplicate", "rejected", "quarantined"):
            pipeline.hincrby(TOTALS, name, getattr(commit, name))
        pipeline.hset(TOTALS, mapping={"last_commit": commit.at.timestamp(), "lag_seconds": commit.lag.total_seconds()})

    return write


def read(now: datetime, minutes: int = 60) -> Throughput:
    """Raises redis.RedisError while Redis is away."""
    keys = [MINUTE.format(now.astimezone(UTC) - timedelta(minutes=ago)) for ago in range(minutes, 0, -1)]
    with impatient_redis(decode_responses=True) as client:
        counts = client.mget(keys)
        totals = client.hgetall(TOTALS)
    last_commit = totals.get("last_commit")
    lag_seconds = totals.get("lag_seconds")
    return Throughput(
        per_minute=[int(count or 0) for count in counts],
        stored=int(totals.get("stored", 0)),
        duplicate=int(totals.get("duplicate", 0)),
        rejected=int(totals.get("rejected", 0)),
        quarantined=int(totals.get("quarantined", 0)),
        last_commit=None if last_commit is None else datetime.fromtimestamp(float(last_commit), UTC),
        lag_seconds=None if lag_seconds is None else float(lag_seconds),
    )
