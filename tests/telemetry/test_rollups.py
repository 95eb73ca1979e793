"""Rollups say what the readings say, whatever the order in which those arrive."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from telemetry.models import DailyRollup, DirtyBucket, FiveMinuteRollup, HourlyRollup, Rollup
from telemetry.rollups import CHUNK, day, floor, recompute
from telemetry.store import write_readings
from tests.factories import NOON, MetricFactory

seconds = st.integers(0, 2 * 24 * 3600)
values = st.integers(-1000, 1000).map(float)


def expected(values: list[float]) -> tuple[float, ...]:
    """Count, sum, min, max, first, last, increase of values in the order of their times."""
    steps = sum(after - before if after >= before else after for before, after in pairwise(values))
    return len(values), sum(values), min(values), max(values), values[0], values[-1], steps


def figures(rollup: Rollup) -> tuple[float, ...]:
    return rollup.count, rollup.sum, rollup.min, rollup.max, rollup.first, rollup.last, rollup.increase


class RollupsOfAnyReadings(TestCase):
    @given(st.lists(st.dictionaries(seconds, values, min_size=1, max_size=20), min_size=1, max_size=4))
    def test_equal_what_the_readings_say_in_whatever_batches_they_came(self, batches: list[dict[int, float]]) -> None:
        metric = MetricFactory.create(device__project__time_zone="Asia/Kathmandu")
        stored: dict[datetime, float] = {}
        for batch in batches:
            rows = {NOON + timedelta(seconds=second): value for second, value in batch.items()}
            write_readings((metric.pk, at, value, None) for at, value in rows.items())
            recompute()
            stored = rows | stored
        zone = metric.device.project.time_zone
        for model, start_of in (
            (FiveMinuteRollup, lambda at: floor(at, timedelta(minutes=5))),
            (HourlyRollup, lambda at: floor(at, timedelta(hours=1))),
            (DailyRollup, lambda at: day(at, zone)[0]),
        ):
            buckets: dict[datetime, list[float]] = {}
            for at in sorted(stored):
                buckets.setdefault(start_of(at), []).append(stored[at])
            assert {row.start: figures(row) for row in model.objects.filter(metric=metric)} == {
                start: expected(values) for start, values in buckets.items()
            }


@pytest.mark.django_db
def test_recomputing_leaves_no_mark_behind() -> None:
    write_readings([(MetricFactory.create().pk, NOON, 1.0, None)])
    recompute()
    assert not DirtyBucket.objects.exists()


@pytest.mark.django_db
def test_a_duplicate_marks_nothing() -> None:
    metric = MetricFactory.create()
    write_readings([(metric.pk, NOON, 1.0, None)])
    recompute()
    write_readings([(metric.pk, NOON, 2.0, None)])
    assert not DirtyBucket.objects.exists()


@pytest.mark.django_db
def test_texts_are_not_rolled_up() -> None:
    write_readings([(MetricFactory.create(value_type="text").pk, NOON, None, "eco")])
    assert recompute() == 0


@pytest.mark.parametrize(("date", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)])
def test_a_day_is_as_long_as_its_zone_makes_it(date: tuple[int, int, int], hours: int) -> None:
    start, end = day(datetime(*date, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert end - start == timedelta(hours=hours)


@pytest.mark.django_db
def test_more_buckets_than_one_transaction_takes_are_all_made() -> None:
    metric = MetricFactory.create()
    write_readings((metric.pk, NOON + number * timedelta(minutes=5), 1.0, None) for number in range(CHUNK + 1))
    assert recompute() == CHUNK + 1
    assert FiveMinuteRollup.objects.count() == CHUNK + 1
