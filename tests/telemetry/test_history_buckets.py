"""How time is cut: widths that fit, and days as long as they were."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from telemetry.buckets import INTERVALS, Buckets, fitting

VIENNA = ZoneInfo("Europe/Vienna")
START = datetime(2025, 12, 19, 12, tzinfo=UTC)

times = some.floats(157_766_400, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
names = ["UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo"]
zones = some.sampled_from(names).map(ZoneInfo)
patiently = settings(deadline=None)
cuts = some.builds(Buckets, some.sampled_from(list(INTERVALS.values())), zones)


@pytest.mark.parametrize(
    ("span", "width"),
    [
        (timedelta(minutes=5), "1s"),
        (timedelta(hours=1), "10s"),
        (timedelta(days=1), "5m"),
        (timedelta(days=7), "30m"),
        (timedelta(days=30), "3h"),
        (timedelta(days=365), "1d"),
        (timedelta(days=4000), "1mo"),
    ],
)
def test_the_narrowest_width_that_fits_is_taken(span: timedelta, width: str) -> None:
    assert fitting(START, START + span, 500, VIENNA).interval.name == width


@patiently
@given(start=times, span=some.timedeltas(timedelta(seconds=1), timedelta(days=400)), zone=zones)
def test_no_more_buckets_than_asked_for(start: datetime, span: timedelta, zone: ZoneInfo) -> None:
    assert fitting(start, start + span, 500, zone).count(start, start + span) <= 500


@patiently
@given(time=times, buckets=cuts)
def test_a_time_is_in_its_bucket(time: datetime, buckets: Buckets) -> None:
    number = buckets.number(time)
    assert buckets.begin(number) <= time < buckets.begin(number + 1)


@patiently
@given(start=times, span=some.timedeltas(timedelta(seconds=1), timedelta(days=400)), buckets=cuts)
def test_shifts_say_what_python_says(start: datetime, span: timedelta, buckets: Buckets) -> None:
    """The database divides seconds since 1970 plus the shift that holds at the time."""
    end = start + span
    shifts = list(buckets.shifts(start, end))
    for part in range(20):
        time = start + span * part / 20
        shift = next(shift for until, shift in shifts if time < until)
        seconds = int(time.timestamp()) + shift
        local = datetime.fromtimestamp(seconds, UTC)
        months = local.year * 12 + local.month - 1
        number = months // buckets.interval.months if buckets.interval.months else seconds // buckets.interval.seconds
        assert number == buckets.number(time)


def test_a_day_in_spring_has_23_hours() -> None:
    days = Buckets(INTERVALS["1d"], VIENNA)
    number = days.number(datetime(2025, 3, 30, 12, tzinfo=UTC))
    assert days.begin(number + 1) - days.begin(number) == timedelta(hours=23)


def test_a_day_in_autumn_has_25_hours() -> None:
    days = Buckets(INTERVALS["1d"], VIENNA)
    number = days.number(datetime(2025, 10, 26, 12, tzinfo=UTC))
    assert days.begin(number + 1) - days.begin(number) == timedelta(hours=25)


def test_the_hour_that_comes_twice_is_two_buckets() -> None:
    hours = Buckets(INTERVALS["1h"], VIENNA)
    assert hours.count(datetime(2025, 10, 26, 0, tzinfo=UTC), datetime(2025, 10, 26, 2, tzinfo=UTC)) == 2


def test_a_midnight_that_does_not_exist_is_when_the_clocks_were_changed() -> None:
    days = Buckets(INTERVALS["1d"], ZoneInfo("America/Sao_Paulo"))
    number = days.number(datetime(2018, 11, 4, 12, tzinfo=UTC))
    assert days.begin(number) == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_a_range_is_widened_to_whole_buckets() -> None:
    days = Buckets(INTERVALS["1d"], VIENNA)
    start, end = days.around(datetime(2025, 12, 18, 12, tzinfo=UTC), datetime(2025, 12, 19, 12, tzinfo=UTC))
    assert (start, end) == (datetime(2025, 12, 17, 23, tzinfo=UTC), datetime(2025, 12, 19, 23, tzinfo=UTC))


def test_a_range_of_whole_buckets_stays_as_it_is() -> None:
    hours = Buckets(INTERVALS["1h"], UTC)
    assert hours.around(START, START + timedelta(hours=2)) == (START, START + timedelta(hours=2))
