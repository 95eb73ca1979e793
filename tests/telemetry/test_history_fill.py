"""What stands where there is no reading, and how many readings become few points."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from time_machine import travel

from devices.models import MetricKind, ValueType
from telemetry.history import history
from telemetry.lttb import pick
from telemetry.models import Metric, Reading
from telemetry.rollups import recompute
from telemetry.store import write_readings
from tests.factories import NOON, MetricFactory

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def metric(db: None) -> Metric:
    return MetricFactory.create(key="level")


def read(metric: Metric, *values: tuple[timedelta, float]) -> None:
    write_readings((metric.pk, NOON + after, value, None) for after, value in values)


def series(metric: Metric, start: datetime = NOON, end: datetime = NOON + 4 * HOUR, **how: Any) -> Any:
    return history(metric.device, [metric.key], start, end, **how).series[metric.key]


def figures(metric: Metric, *stretch: datetime, **how: Any) -> Any:
    return [figures for _, *figures in series(metric, *stretch, **{"interval": "1h", **how}).points]


def test_null_stands_where_nothing_was_measured(metric: Metric) -> None:
    read(metric, (HOUR, 5.0))
    assert figures(metric, fill="null") == [[None] * 3, [5.0, 5.0, 5.0], [None] * 3, [None] * 3]


def test_the_value_before_is_carried_on_without_extremes(metric: Metric) -> None:
    read(metric, (HOUR, 5.0))
    assert figures(metric, fill="previous")[2:] == [[5.0, None, None], [5.0, None, None]]


def test_the_first_points_carry_on_the_reading_before_the_range(metric: Metric) -> None:
    read(metric, (timedelta(days=-60), 3.0), (HOUR, 5.0))
    assert figures(metric, fill="previous")[0] == [3.0, None, None]


def test_where_readings_are_gone_the_rollups_before_the_range_are_carried_on(metric: Metric) -> None:
    read(metric, (timedelta(days=-2), 3.0), (HOUR, 5.0))
    recompute()
    Reading.objects.filter(time__lt=NOON).delete()
    assert figures(metric, fill="previous")[0] == [3.0, None, None]


def test_nothing_is_carried_on_into_the_time_to_come(metric: Metric) -> None:
    read(metric, (timedelta(), 5.0))
    with travel(NOON + HOUR, tick=False):
        assert figures(metric, fill="previous") == [[5.0] * 3, [5.0, None, None], [None] * 3, [None] * 3]


def test_sums_of_nothing_are_null_not_the_former_sum(metric: Metric) -> None:
    read(metric, (HOUR, 5.0))
    assert figures(metric, agg="sum", fill="null") == [[None], [5.0], [None], [None]]
    with pytest.raises(ValidationError, match="no sum to carry on"):
        figures(metric, agg="sum", fill="previous")


def test_days_are_filled_across_a_change_of_the_clocks(metric: Metric) -> None:
    metric.device.project.time_zone = "Europe/Vienna"
    metric.device.project.save()
    start = datetime.fromisoformat("2026-03-28T00:00+01:00")
    assert (
        len(figures(metric, start, datetime.fromisoformat("2026-03-31T00:00+02:00"), interval="1d", fill="null")) == 3
    )


def test_a_rate_is_the_increase_for_each_second(db: None) -> None:
    counter = MetricFactory.create(kind=MetricKind.TOTAL_INCREASING)
    read(counter, (timedelta(), 0.0), (HOUR, 3600.0))
    assert figures(counter, agg="rate") == [[1.0]]


def test_the_rate_of_what_is_not_over_is_that_of_the_time_passed(db: None) -> None:
    counter = MetricFactory.create(kind=MetricKind.TOTAL_INCREASING)
    read(counter, (timedelta(), 0.0), (MINUTE, 60.0))
    with travel(NOON + 2 * MINUTE, tick=False):
        assert figures(counter, agg="rate") == [[0.5]]


def test_a_total_changes_in_both_directions(db: None) -> None:
    total = MetricFactory.create(kind=MetricKind.TOTAL)
    read(total, (timedelta(), 10.0), (MINUTE, 4.0), (HOUR, 5.0))
    assert figures(total, agg="delta") == [[-6.0], [1.0]]


def test_weeks_begin_on_mondays_and_months_on_the_first(metric: Metric) -> None:
    start, end = datetime.fromisoformat("2025-11-20T00:00Z"), datetime.fromisoformat("2025-12-19T13:00Z")
    read(metric, *((-timedelta(days=days), 1.0) for days in range(30)))
    weeks, months = (series(metric, start, end, interval=interval, agg="count").points for interval in ("1w", "1mo"))
    assert {datetime.fromtimestamp(at / 1000, NOON.tzinfo).isoweekday() for at, _ in weeks} == {1}
    assert [count for _, count in months] == [11, 19]


@pytest.mark.parametrize(
    "how", [{"interval": "1h"}, {"interval": None, "agg": "max"}, {"interval": None, "fill": "null"}]
)
def test_lttb_is_refused_with_what_it_has_no_use_for(how: dict[str, Any], metric: Metric) -> None:
    with pytest.raises(ValidationError, match="lttb picks readings"):
        figures(metric, downsample="lttb", **how)


def test_lttb_gives_readings_with_the_extremes_around_them(metric: Metric) -> None:
    read(metric, *((number * MINUTE, 99.0 if number == 70 else number % 2) for number in range(240)))
    found = series(metric, points=20, downsample="lttb")
    assert (found.raw, len(found.points)) == (True, 20)
    assert 99.0 in [value for _, value, *_ in found.points]
    assert max(highest for *_, highest in found.points) == 99.0
    assert min(lowest for *_, lowest, _ in found.points) == 0.0


def test_lttb_of_what_only_rollups_know_is_refused(metric: Metric) -> None:
    read(metric, (MINUTE, 1.0))
    recompute()
    Reading.objects.all().delete()
    with pytest.raises(ValidationError, match="only steps of 300 seconds"):
        figures(metric, interval=None, downsample="lttb")


def test_texts_are_not_filled(db: None) -> None:
    mode = MetricFactory.create(value_type=ValueType.TEXT)
    assert figures(mode, fill="null") == []


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=300), count=st.integers(10, 100))
def test_lttb_keeps_the_ends_the_count_and_all_extremes(values: list[float], count: int) -> None:
    picked = list(pick(range(len(values)), values, count))
    places = [place for place, *_ in picked]
    assert len(picked) == min(count, len(values))
    assert places == sorted(set(places))
    if values:
        assert (places[0], places[-1]) == (0, len(values) - 1)
        assert min(lowest for _, lowest, _ in picked) == min(values)
        assert max(highest for *_, highest in picked) == max(values)
