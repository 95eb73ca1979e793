"""How complete what a device sent is, judged from how many messages there were in each five minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.coverage import Coverage, coverage

START = datetime(2026, 3, 28, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def judged(sent: list[timedelta], every: timedelta, span: timedelta) -> Coverage:
    """The coverage of messages sent these times after the start."""
    counts: dict[datetime, int] = {}
    for after in sent:
        bucket = START + after // (5 * MINUTE) * (5 * MINUTE)
        counts[bucket] = counts.get(bucket, 0) + 1
    return coverage(counts.items(), every, START, START + span)


def steady(every: timedelta, span: timedelta) -> list[timedelta]:
    return [n * every for n in range(int(span / every))]


@pytest.mark.parametrize("every", [10 * timedelta(seconds=1), MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 7 * MINUTE])
def test_who_sends_as_often_as_expected_is_complete(every: timedelta) -> None:
    found = judged(steady(every, 24 * HOUR), every, 24 * HOUR)
    assert found.completeness is not None
    assert found.completeness > 0.99
    assert found.gaps == []


@pytest.mark.parametrize("every", [MINUTE, 15 * MINUTE, HOUR])
def test_the_interval_is_that_of_the_messages(every: timedelta) -> None:
    found = judged(steady(every, 24 * HOUR), every, 24 * HOUR)
    assert found.interval is not None
    assert abs(found.interval / every - 1) < 0.02


def test_silence_is_a_gap() -> None:
    sent = [after for after in steady(MINUTE, 6 * HOUR) if not 2 * HOUR <= after < 3 * HOUR]
    found = judged(sent, MINUTE, 6 * HOUR)
    assert [(gap.start - START, gap.end - START) for gap in found.gaps] == [(2 * HOUR, 3 * HOUR)]
    assert found.completeness == pytest.approx(5 / 6)
    assert (found.received, found.expected) == (300, 360)


def test_a_gap_may_be_at_either_end() -> None:
    sent = [after for after in steady(MINUTE, 6 * HOUR) if HOUR <= after < 5 * HOUR]
    gaps = judged(sent, MINUTE, 6 * HOUR).gaps
    assert [(gap.start - START, gap.end - START) for gap in gaps] == [(timedelta(), HOUR), (5 * HOUR, 6 * HOUR)]


def test_the_interval_does_not_count_gaps() -> None:
    sent = [after for after in steady(MINUTE, 6 * HOUR) if not 2 * HOUR <= after < 4 * HOUR]
    interval = judged(sent, MINUTE, 6 * HOUR).interval
    assert interval is not None
    assert abs(interval / MINUTE - 1) < 0.05


def test_what_comes_too_much_makes_up_for_nothing() -> None:
    twice = [after for after in steady(MINUTE / 2, 6 * HOUR) if after < 3 * HOUR]
    found = judged(twice, MINUTE, 6 * HOUR)
    assert found.received == found.expected
    assert found.completeness == pytest.approx(0.5)


def test_who_sends_nothing_has_one_gap() -> None:
    found = judged([], MINUTE, 6 * HOUR)
    assert (found.received, found.completeness, found.interval, len(found.gaps)) == (0, 0.0, None, 1)


def test_of_no_time_at_all_nothing_is_said() -> None:
    assert judged([], MINUTE, timedelta()).completeness is None


@given(
    sent=st.lists(st.integers(0, 24 * 60 - 1).map(lambda n: n * MINUTE), max_size=200),
    every=st.integers(1, 7200).map(lambda n: timedelta(seconds=n)),
    span=st.integers(1, 24 * 60).map(lambda n: n * MINUTE),
)
def test_whatever_comes_the_figures_make_sense(sent: list[timedelta], every: timedelta, span: timedelta) -> None:
    found = judged(sent, every, span)
    assert found.completeness is not None
    assert 0 <= found.completeness <= 1
    assert sum((gap.length for gap in found.gaps), timedelta()) <= span
    assert all(gap.length > timedelta() for gap in found.gaps)
    assert found.interval is None or found.interval >= timedelta()
