"""History: what metrics were over a stretch of time, the same on both databases."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from devices.models import Device, MetricKind, Project, ValueType
from telemetry.history import MAX_POINTS, History, history
from telemetry.models import Metric
from telemetry.store import write_readings
from tests.factories import (
    NOON,
    DeviceFactory,
    DeviceTypeFactory,
    MetricDefinitionFactory,
    MetricFactory,
    ProjectFactory,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def heater(db: None) -> Device:
    return DeviceFactory.create(device_id="heater", project=ProjectFactory.create(time_zone="Europe/Vienna"))


@pytest.fixture
def temperature(heater: Device) -> Metric:
    return MetricFactory.create(device=heater, key="temperature", unit="°C")


@pytest.fixture
def energy(heater: Device) -> Metric:
    return MetricFactory.create(device=heater, key="energy", kind=MetricKind.TOTAL_INCREASING)


@pytest.fixture
def mode(heater: Device) -> Metric:
    return MetricFactory.create(device=heater, key="mode", value_type=ValueType.TEXT)


def read(metric: Metric, values: Iterable[float | str], start: datetime = NOON, step: timedelta = MINUTE) -> None:
    write_readings(
        (metric.pk, start + step * place, *((None, value) if isinstance(value, str) else (float(value), None)))
        for place, value in enumerate(values)
    )


def points(metric: Metric, start: datetime = NOON, end: datetime = NOON + HOUR, **how: Any) -> Any:
    return history(metric.device, [metric.key], start, end, **how).series[metric.key].points


def at(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def test_few_readings_come_as_they_are(temperature: Metric) -> None:
    read(temperature, [20.0, 21.5])
    assert points(temperature) == [[at(NOON), 20.0, 20.0, 20.0], [at(NOON + MINUTE), 21.5, 21.5, 21.5]]


def test_times_keep_their_microseconds(temperature: Metric) -> None:
    read(temperature, [20.0], NOON + timedelta(microseconds=123_456))
    assert points(temperature) == [[at(NOON) + 123.456, 20.0, 20.0, 20.0]]


def test_the_start_is_in_the_range_and_the_end_is_not(temperature: Metric) -> None:
    read(temperature, [1.0, 2.0, 3.0])
    assert [value for _, value, *_ in points(temperature, NOON, NOON + 2 * MINUTE)] == [1.0, 2.0]


def test_many_readings_become_means_with_their_extremes(temperature: Metric) -> None:
    read(temperature, [20.0, 20.0, 20.0, 80.0] * 15)
    found = points(temperature, points=10)
    assert found[0] == [at(NOON), 32.0, 20.0, 80.0]
    assert len(found) <= 10


def test_a_spike_is_never_lost(temperature: Metric) -> None:
    read(temperature, [20.0] * 700 + [99.0] + [20.0] * 700)
    assert max(highest for *_, highest in points(temperature, end=NOON + DAY, points=10)) == 99.0


def test_intervals_without_readings_are_absent(temperature: Metric) -> None:
    read(temperature, [1.0], NOON)
    read(temperature, [2.0], NOON + 5 * HOUR)
    assert len(points(temperature, end=NOON + DAY, interval="1h")) == 2


@pytest.mark.parametrize(
    ("agg", "point"),
    [
        ("avg", [3.0, 1.0, 5.0]),
        ("min", [1.0, 1.0, 5.0]),
        ("max", [5.0, 1.0, 5.0]),
        ("last", [3.0, 1.0, 5.0]),
        ("sum", [9.0]),
        ("count", [3]),
    ],
)
def test_an_interval_says_what_is_asked_of_it(temperature: Metric, agg: str, point: list[float]) -> None:
    read(temperature, [5.0, 1.0, 3.0])
    assert points(temperature, interval="1h", agg=agg) == [[at(NOON), *point]]


@pytest.mark.parametrize("agg", ["sum", "count"])
def test_sums_are_of_intervals_even_where_readings_are_few(temperature: Metric, agg: str) -> None:
    read(temperature, [5.0])
    assert not history(temperature.device, ["temperature"], NOON, NOON + HOUR, agg=agg).series["temperature"].raw


def test_booleans_are_0_and_1(heater: Device) -> None:
    valve = MetricFactory.create(device=heater, key="valve", value_type=ValueType.BOOLEAN)
    read(valve, [0.0, 1.0])
    assert [value for _, value, *_ in points(valve)] == [0.0, 1.0]


def test_of_texts_there_are_the_changes(mode: Metric) -> None:
    read(mode, ["eco", "eco", "boost", "boost", "eco"])
    assert points(mode) == [[at(NOON), "eco"], [at(NOON + 2 * MINUTE), "boost"], [at(NOON + 4 * MINUTE), "eco"]]


def test_the_text_that_held_at_the_start_is_there(mode: Metric) -> None:
    read(mode, ["eco"], NOON - 3 * HOUR)
    read(mode, ["eco", "boost"], NOON + MINUTE)
    assert points(mode) == [[at(NOON), "eco"], [at(NOON + 2 * MINUTE), "boost"]]


def test_a_counter_increases(energy: Metric) -> None:
    read(energy, [10.0, 11.0, 13.0, 16.0], step=timedelta(minutes=30))
    assert points(energy, end=NOON + 2 * HOUR, interval="1h", agg="delta") == [[at(NOON), 1.0], [at(NOON + HOUR), 5.0]]


def test_a_counter_that_restarts_goes_on_counting(energy: Metric) -> None:
    read(energy, [100.0, 102.0, 1.0, 4.0])
    assert points(energy, interval="1h", agg="delta") == [[at(NOON), 2.0 + 1.0 + 3.0]]


def test_the_first_increase_is_since_the_reading_before(energy: Metric) -> None:
    read(energy, [10.0], NOON - DAY)
    read(energy, [25.0], NOON + MINUTE)
    assert points(energy, interval="1h", agg="delta") == [[at(NOON), 15.0]]


def test_all_increases_together_are_all_that_was_counted(energy: Metric) -> None:
    read(energy, [float(value) for value in range(600)])
    assert sum(value for _, value in points(energy, end=NOON + DAY, interval="30m", agg="delta")) == 599.0


def test_what_is_no_counter_has_no_increase(temperature: Metric) -> None:
    with pytest.raises(ValidationError, match="temperature is none"):
        points(temperature, agg="delta")


def test_days_begin_at_the_projects_midnight(temperature: Metric) -> None:
    read(temperature, [1.0] * 48, datetime(2025, 12, 18, tzinfo=UTC), HOUR)
    found = points(temperature, datetime(2025, 12, 18, tzinfo=UTC), datetime(2025, 12, 20, tzinfo=UTC), interval="1d")
    midnights = [datetime(2025, 12, day, tzinfo=ZoneInfo("Europe/Vienna")) for day in (18, 19, 20)]
    assert [time for time, *_ in found] == [at(midnight) for midnight in midnights]


def test_days_are_as_long_as_they_were_when_the_clocks_changed(temperature: Metric) -> None:
    vienna = ZoneInfo("Europe/Vienna")
    start, end = datetime(2025, 10, 25, tzinfo=vienna), datetime(2025, 10, 28, tzinfo=vienna)
    read(temperature, [1.0] * 73, start.astimezone(UTC), HOUR)
    found = points(temperature, start, end, interval="1d", agg="count")
    assert [count for _, count in found] == [24, 25, 24]


def test_another_time_zone_may_be_asked_for(temperature: Metric) -> None:
    read(temperature, [1.0])
    found = points(temperature, interval="1d", time_zone=ZoneInfo("Asia/Kolkata"))
    assert found[0][0] == at(datetime(2025, 12, 19, tzinfo=ZoneInfo("Asia/Kolkata")))


def test_intervals_that_the_range_cuts_into_are_whole(temperature: Metric) -> None:
    read(temperature, [1.0] * 180)
    found = points(temperature, NOON + HOUR / 2, NOON + 3 * HOUR / 2, interval="1h", agg="count")
    assert found == [[at(NOON), 60], [at(NOON + HOUR), 60]]


def test_several_metrics_come_at_once(temperature: Metric, mode: Metric) -> None:
    read(temperature, [1.0])
    read(mode, ["eco"])
    found: History = history(temperature.device, ["mode", "temperature"], NOON, NOON + HOUR)
    assert list(found.series) == ["mode", "temperature"]
    assert found.series["temperature"].unit == "°C"


def test_a_metric_asked_for_twice_comes_once(temperature: Metric) -> None:
    assert list(history(temperature.device, ["temperature"] * 20, NOON, NOON + HOUR).series) == ["temperature"]


def test_a_metric_of_the_type_that_never_came_has_no_points(db: None) -> None:
    sensor = DeviceTypeFactory.create()
    MetricDefinitionFactory.create(device_type=sensor, key="humidity", unit="%")
    found = history(DeviceFactory.create(device_type=sensor), ["humidity"], NOON, NOON + HOUR).series["humidity"]
    assert (found.points, found.unit) == ([], "%")


def test_an_unknown_metric_is_named(temperature: Metric) -> None:
    with pytest.raises(ValidationError, match=r"heater has no presure\. It has: temperature"):
        history(temperature.device, ["presure"], NOON, NOON + HOUR)


@pytest.mark.parametrize("keys", [[], [f"metric_{number}" for number in range(11)]])
def test_one_to_ten_metrics_may_be_asked_for(heater: Device, keys: list[str]) -> None:
    with pytest.raises(ValidationError, match="From one to 10"):
        history(heater, keys, NOON, NOON + HOUR)


@pytest.mark.parametrize("end", [NOON, NOON - HOUR])
def test_the_start_must_be_before_the_end(temperature: Metric, end: datetime) -> None:
    with pytest.raises(ValidationError, match="before"):
        points(temperature, end=end)


def test_a_range_has_an_upper_limit(temperature: Metric) -> None:
    with pytest.raises(ValidationError, match="5,000 days"):
        points(temperature, end=NOON + timedelta(days=5001))


def test_intervals_that_make_too_many_points_are_refused(temperature: Metric) -> None:
    with pytest.raises(ValidationError, match="longer interval"):
        points(temperature, end=NOON + 2 * DAY, interval="30s")


def test_changes_of_a_text_have_an_upper_limit(mode: Metric) -> None:
    read(mode, [str(place) for place in range(MAX_POINTS + 2)], step=timedelta(milliseconds=500))
    assert [text for _, text in points(mode)][-1] == str(MAX_POINTS + 1)
    assert len(points(mode)) == MAX_POINTS


def test_readings_of_other_devices_stay_out(temperature: Metric) -> None:
    read(temperature, [1.0])
    read(MetricFactory.create(key="temperature"), [2.0])
    assert [value for _, value, *_ in points(temperature)] == [1.0]


def test_projects_may_have_a_zone_of_their_own(db: None) -> None:
    project: Project = ProjectFactory.create(time_zone="Asia/Kolkata")
    metric = MetricFactory.create(device__project=project)
    assert str(history(metric.device, [metric.key], NOON, NOON + HOUR).time_zone) == "Asia/Kolkata"


def test_a_range_given_on_a_wall_clock_is_answered_in_utc(temperature: Metric) -> None:
    start = NOON.astimezone(ZoneInfo("Europe/Vienna"))
    found = history(temperature.device, ["temperature"], start, start + HOUR)
    assert (found.start, found.start.utcoffset()) == (NOON, timedelta(0))
