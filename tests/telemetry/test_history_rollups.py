"""History says the same whether it comes from readings, from rollups, or from both; and goes on where readings end."""

from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from devices.models import MetricKind
from telemetry.aggregates import Aggregate
from telemetry.buckets import INTERVALS, Buckets
from telemetry.history import history
from telemetry.models import FiveMinuteRollup, Metric, Reading
from telemetry.rollups import recompute
from telemetry.store import write_readings
from tests.factories import NOON, MetricFactory

DAY = timedelta(days=1)
SECONDS = st.integers(-86400, 4 * 86400)
READINGS = st.dictionaries(SECONDS, st.integers(0, 100))
ZONES = ["UTC", "Europe/Vienna", "Asia/Kathmandu", "America/St_Johns"]
# In the three days after these the clocks of Vienna and St. John's change, forward and back; after the last none do.
STARTS = [datetime(2025, 3, 28, 12, tzinfo=UTC), datetime(2025, 3, 8, 12, tzinfo=UTC),
          datetime(2025, 10, 25, 12, tzinfo=UTC), datetime(2025, 11, 1, 12, tzinfo=UTC), NOON]  # fmt: skip


def counter(zone: str = "Europe/Vienna", kind: str = MetricKind.TOTAL_INCREASING) -> Metric:
    return MetricFactory.create(device__project__time_zone=zone, key="energy", kind=kind)


def points(metric: Metric, start: datetime = NOON, **how: Any) -> list[list[float | None]]:
    found = history(metric.device, [metric.key], start, start + 3 * DAY, **how).series[metric.key].points
    return [[None if figure is None else round(float(figure), 9) for figure in point] for point in found]


def said(values: list[float], former: float | None, agg: str, kind: str, seconds: float) -> list[float]:
    """What a bucket with these values says, worked out one by one."""
    known = values if former is None else [former, *values]
    if agg in ("delta", "rate"):
        again_at_zero = kind == MetricKind.TOTAL_INCREASING
        change = sum(late if again_at_zero and late < early else late - early for early, late in pairwise(known))
        return [change / seconds if agg == "rate" else change]
    if agg in ("sum", "count"):
        return [sum(values) if agg == "sum" else len(values)]
    value = {"avg": sum(values) / len(values), "min": min(values), "max": max(values), "last": values[-1]}[agg]
    return [value, min(values), max(values)]


def one_by_one(
    stored: dict[datetime, float], start: datetime, buckets: Buckets, agg: str, kind: str
) -> list[list[float]]:
    begin, end = buckets.around(start, start + 3 * DAY)
    former = next((stored[at] for at in sorted(stored, reverse=True) if at < begin), None)
    found = []
    inside = sorted(at for at in stored if begin <= at < end)
    for number, times in groupby(inside, key=buckets.number):
        values = [stored[at] for at in times]
        if agg not in ("delta", "rate") or former is not None or len(values) > 1:
            begin, end = buckets.begin(number), buckets.begin(number + 1)
            figures = said(values, former, agg, kind, (end - begin).total_seconds())
            found.append([begin.timestamp() * 1000, *(round(figure, 9) for figure in figures)])
        former = values[-1]
    return found


class HistoryOfAnyReadings(TestCase):
    @given(
        start=st.sampled_from(STARTS),
        readings=READINGS,
        late=READINGS,
        agg=st.sampled_from(list(Aggregate)),
        kind=st.sampled_from([MetricKind.TOTAL, MetricKind.TOTAL_INCREASING]),
        interval=st.sampled_from([name for name, interval in INTERVALS.items() if interval.seconds >= 60]),
        zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    )
    def test_is_what_they_say_whichever_store_it_comes_from(
        self,
        start: datetime,
        readings: dict[int, int],
        late: dict[int, int],
        agg: str,
        kind: str,
        interval: str,
        zones: tuple[str, str],
    ) -> None:
        metric, zone = counter(zones[0], kind), ZoneInfo(zones[1])
        stored: dict[datetime, float] = {}
        for batch in (readings, late):
            rows = {start + timedelta(seconds=at): float(value) for at, value in batch.items()}
            write_readings((metric.pk, at, value, None) for at, value in rows.items())
            stored = rows | stored
            expected = one_by_one(stored, start, Buckets(INTERVALS[interval], zone), agg, kind)
            not_rolled_up = points(metric, start, agg=agg, interval=interval, time_zone=zone)
            recompute()
            rolled_up = points(metric, start, agg=agg, interval=interval, time_zone=zone)
            assert (not_rolled_up, rolled_up) == (expected, expected)


@pytest.fixture
def metric(db: None) -> Metric:
    metric = counter()
    write_readings((metric.pk, NOON + timedelta(minutes=number), float(number), None) for number in range(300))
    recompute()
    return metric


def test_where_readings_are_gone_the_five_minutes_speak(metric: Metric) -> None:
    before = points(metric, interval="5m")
    Reading.objects.all().delete()
    assert points(metric, interval="5m") == before


def test_where_five_minutes_are_gone_the_hours_speak(metric: Metric) -> None:
    before = points(metric, interval="1h")
    Reading.objects.all().delete()
    FiveMinuteRollup.objects.all().delete()
    assert points(metric, interval="1h") == before


def test_points_are_as_fine_as_what_is_kept(metric: Metric) -> None:
    Reading.objects.all().delete()
    found = history(metric.device, [metric.key], NOON, NOON + timedelta(hours=5), points=5000)
    assert (found.interval, len(found.series[metric.key].points)) == (300, 60)


def test_an_interval_finer_than_what_is_kept_is_refused(metric: Metric) -> None:
    Reading.objects.all().delete()
    with pytest.raises(ValidationError, match="300 seconds"):
        history(metric.device, [metric.key], NOON, NOON + timedelta(hours=5), interval="1m")
