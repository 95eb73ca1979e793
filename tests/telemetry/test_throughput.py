from datetime import timedelta
from typing import Any

import pytest
import redis

from telemetry import throughput
from telemetry.ingest import ingest
from telemetry.throughput import Commit
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, envelope, telemetry

MINUTE = timedelta(minutes=1)


def record(client: redis.Redis, **figures: Any) -> None:
    commit = Commit(
        **{"at": NOW, "stored": 0, "duplicate": 0, "rejected": 0, "quarantined": 0, "lag": MINUTE, **figures}
    )
    with client.pipeline() as pipeline:
        throughput.record(commit)(pipeline)
        pipeline.execute()


def test_before_the_first_commit_nothing_is_known() -> None:
    figures = throughput.read(NOW, minutes=2)
    assert (figures.per_minute, figures.stored, figures.last_commit, figures.lag_seconds) == ([0, 0], 0, None, None)


def test_readings_are_counted_by_the_minute(redis_client: redis.Redis) -> None:
    for at, stored in [(NOW, 3), (NOW + timedelta(seconds=59), 4), (NOW + MINUTE, 5)]:
        record(redis_client, at=at, stored=stored)
    assert throughput.read(NOW + 2 * MINUTE, minutes=3).per_minute == [0, 7, 5]


def test_the_minute_that_is_not_over_does_not_count_yet(redis_client: redis.Redis) -> None:
    record(redis_client, stored=3)
    assert throughput.read(NOW).readings_per_minute == 0
    assert throughput.read(NOW + MINUTE).readings_per_minute == 3


def test_totals_add_up(redis_client: redis.Redis) -> None:
    for _ in range(2):
        record(redis_client, stored=1, duplicate=2, rejected=3, quarantined=4)
    figures = throughput.read(NOW)
    assert (figures.stored, figures.duplicate, figures.rejected, figures.quarantined) == (2, 4, 6, 8)


def test_the_last_commit_and_its_lag_are_known(redis_client: redis.Redis) -> None:
    record(redis_client, lag=timedelta(milliseconds=250))
    figures = throughput.read(NOW)
    assert (figures.last_commit, figures.lag_seconds) == (NOW, 0.25)


@pytest.mark.django_db
def test_ingest_records_what_became_of_a_batch(django_capture_on_commit_callbacks: Any) -> None:
    DeviceFactory.create(device_id="sensor")
    letter = telemetry("sensor", {"a": 1, "b": None}, time=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        ingest([letter, letter, telemetry("nobody", {"a": 1}), envelope("nobody", b"?")])
    figures = throughput.read(NOW)
    assert (figures.stored, figures.duplicate, figures.rejected, figures.quarantined) == (1, 1, 3, 1)
