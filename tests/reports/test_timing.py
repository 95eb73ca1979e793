"""When a schedule is due: on the clocks of its zone, also on the days they are changed."""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from reports.timing import InvalidTiming, Timing, in_words, read_cron, read_timing

pytestmark = pytest.mark.once

VIENNA = ZoneInfo("Europe/Vienna")


def timing(every: str = "daily", clock: str = "07:00", **said: Any) -> Timing:
    return read_timing(every, VIENNA, at=time.fromisoformat(clock), **said)


def following(timing: Timing, after: str, count: int = 3) -> list[str]:
    moment = datetime.fromisoformat(after).replace(tzinfo=VIENNA)
    return [in_words(due.astimezone(VIENNA)) for due in timing.following(moment, count)]


@pytest.mark.parametrize(
    ("clock", "after", "due"),
    [
        # The clocks go from 02:00 to 03:00: there is no 02:30, and it comes as long after midnight as ever.
        (
            "02:30",
            "2026-03-28T03:00",
            ["29 Mar 2026, 03:30 CEST", "30 Mar 2026, 02:30 CEST", "31 Mar 2026, 02:30 CEST"],
        ),
        # They go from 03:00 back to 02:00: of two 02:30 the first one counts.
        ("02:30", "2026-10-24T03:00", ["25 Oct 2026, 02:30 CEST", "26 Oct 2026, 02:30 CET", "27 Oct 2026, 02:30 CET"]),
        (
            "07:00",
            "2026-03-28T07:00",
            ["29 Mar 2026, 07:00 CEST", "30 Mar 2026, 07:00 CEST", "31 Mar 2026, 07:00 CEST"],
        ),
        ("07:00", "2026-10-24T07:00", ["25 Oct 2026, 07:00 CET", "26 Oct 2026, 07:00 CET", "27 Oct 2026, 07:00 CET"]),
    ],
)
def test_a_day_has_one_time_whatever_the_clocks_do(clock: str, after: str, due: list[str]) -> None:
    assert [words[4:] for words in following(timing(clock=clock), after)] == due


def test_an_hour_that_comes_twice_is_due_once() -> None:
    hourly = timing("cron", cron="0 * * * *")
    due = [words[-10:] for words in following(hourly, "2026-10-25T00:30", 4)]
    assert due == ["01:00 CEST", "02:00 CEST", " 03:00 CET", " 04:00 CET"]
    due = [words[-10:] for words in following(hourly, "2026-03-29T00:30", 3)]
    assert due == [" 01:00 CET", "03:00 CEST", "04:00 CEST"]


def test_weeks_and_months() -> None:
    weekly = timing("weekly", weekdays=[0, 4])
    assert [words[:6] for words in following(weekly, "2026-11-21T12:00")] == ["Mon 23", "Fri 27", "Mon 30"]
    last = timing("monthly", day=31)
    assert [words[4:10] for words in following(last, "2026-01-31T12:00")] == ["28 Feb", "31 Mar", "30 Apr"]


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("30 6 * * mon-fri", ["Mon 23 Nov", "Tue 24 Nov", "Wed 25 Nov"]),
        ("0 6 * * 7", ["Sun 22 Nov", "Sun 29 Nov", "Sun 6 Dec"]),
        ("0 6 1,15 * *", ["Tue 1 Dec", "Tue 15 Dec", "Fri 1 Jan"]),
        # A day of the month or a weekday, as cron has it.
        ("0 6 1 * mon", ["Mon 23 Nov", "Mon 30 Nov", "Tue 1 Dec"]),
    ],
)
def test_cron(cron: str, due: list[str]) -> None:
    found = following(timing("cron", cron=cron), "2026-11-21T12:00")
    assert [words.partition(" 2026")[0].partition(" 2027")[0] for words in found] == due


def test_the_29th_of_february_is_waited_for() -> None:
    assert following(timing("cron", cron="0 6 29 2 *"), "2096-03-01T00:00", 1) == ["Fri 29 Feb 2104, 06:00 CET"]


@pytest.mark.parametrize(
    "cron", ["", "* * *", "*/5 * * * *", "0 25 * * *", "0 6 30 2 *", "0 6 * * x", "0 6 */0 * *", "0 " * 99]
)
def test_a_cron_expression_that_cannot_be_meant_is_refused(cron: str) -> None:
    with pytest.raises(InvalidTiming):
        read_cron(cron)


def test_of_what_was_missed_the_last_is_made_good() -> None:
    first, now = datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert timing().latest(first, now) == datetime(2026, 11, 21, 6, tzinfo=UTC)
