"""Writing to the stream, and what happens when nobody takes it."""

from typing import Any

import orjson
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from telemetry import live
from telemetry.live.stream import MOST_BYTES, MOST_ENTRIES, STREAM, Publisher, _most_entries
from tests.factories import NOON
from tests.servers.ports import ReservedPort

CHANGES: live.Changes = {"sensor": {"project": 1, "last_message": NOON}}


def entries(client: redis.Redis) -> list[Any]:
    answer: Any = client.xrange(STREAM)
    return [orjson.loads(fields[b"entry"]) for _, fields in answer]


def test_a_push_is_one_entry(redis_client: redis.Redis) -> None:
    live.push(CHANGES)
    assert entries(redis_client) == [{"devices": {"sensor": {"project": 1, "last_message": "2025-12-19T12:00:00Z"}}}]


def test_what_else_is_to_be_written_goes_the_same_way(redis_client: redis.Redis) -> None:
    live.push(CHANGES, lambda pipeline: pipeline.set("readings", 7))
    assert redis_client.get("readings") == b"7"


def test_without_changes_there_is_no_entry(redis_client: redis.Redis) -> None:
    live.push({}, lambda pipeline: pipeline.set("readings", 7))
    assert entries(redis_client) == []


@pytest.fixture
def nowhere() -> redis.Redis:
    return redis.Redis(port=ReservedPort().release(), retry=Retry(NoBackoff(), 0))


def test_a_redis_that_is_away_hurts_nobody(nowhere: redis.Redis) -> None:
    Publisher(nowhere).publish({"devices": CHANGES})


def test_the_first_entry_after_it_is_back_tells_of_the_gap(
    nowhere: redis.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.live.stream.RETRY_AFTER", 0)
    publisher = Publisher(nowhere)
    publisher.publish({"devices": CHANGES})
    publisher._client = redis_client
    publisher.publish({"user": 1})
    publisher.publish({"user": 2})
    assert entries(redis_client) == [{"user": 1, "gap": True}, {"user": 2}]


def test_a_redis_that_is_away_is_not_waited_for_each_time(nowhere: redis.Redis, redis_client: redis.Redis) -> None:
    publisher = Publisher(nowhere)
    publisher.publish({"devices": CHANGES})
    publisher._client = redis_client
    publisher.publish({"user": 1})
    assert entries(redis_client) == []


def test_the_stream_keeps_few_large_entries_and_many_small_ones() -> None:
    assert _most_entries(b"x" * 100) == MOST_ENTRIES
    assert _most_entries(b"x" * (MOST_BYTES // 200)) == 200
