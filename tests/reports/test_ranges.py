from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.ranges import Stretch, resolve

pytestmark = pytest.mark.once

ZONES = st.sampled_from(
    ["UTC", "Europe/Vienna", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PERIODS = st.one_of(
    st.sampled_from(["previous-day", "previous-week", "previous-month", "previous-quarter", "previous-year"]),
    st.integers(1, 400).map(lambda days: f"previous-{days}-days"),
)
VIENNA = ZoneInfo("Europe/Vienna")


@given(PERIODS, MOMENTS, ZONES)
def test_a_period_is_whole_days_and_over(said: str, now: datetime, zone: ZoneInfo) -> None:
    start, end = resolve(said, now, zone)
    assert start < end <= now
    for edge in (start, end):
        before = (edge - timedelta(seconds=1)).astimezone(zone)
        assert before.date() == edge.astimezone(zone).date() - timedelta(days=1)


@given(PERIODS, MOMENTS, ZONES)
def test_it_is_the_same_all_day(said: str, now: datetime, zone: ZoneInfo) -> None:
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
    assert resolve(said, midnight, zone) == resolve(said, now, zone)


@given(st.sampled_from(["previous-day", "previous-week", "previous-month"]), MOMENTS, ZONES)
def test_the_next_begins_where_this_one_ends(said: str, now: datetime, zone: ZoneInfo) -> None:
    later = now
    while (following := resolve(said, later, zone)) == resolve(said, now, zone):
        later += timedelta(hours=20)
    assert following.start == resolve(said, now, zone).end


def test_the_days_in_which_clocks_are_changed_have_23_and_25_hours() -> None:
    spring = resolve("previous-day", datetime(2025, 3, 31, 6, tzinfo=VIENNA), VIENNA)
    autumn = resolve("previous-day", datetime(2025, 10, 27, 6, tzinfo=VIENNA), VIENNA)
    assert [stretch.end - stretch.start for stretch in (spring, autumn)] == [timedelta(hours=23), timedelta(hours=25)]


def test_a_length_counts_back_from_now() -> None:
    now = datetime(2025, 3, 31, 6, tzinfo=UTC)
    assert resolve("36h", now, VIENNA) == Stretch(now - timedelta(hours=36), now)
