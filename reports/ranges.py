"""Which stretch of time a report is about: fixed, or counted from the moment it is made. Pure."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

UNITS = {"h": "hours", "d": "days", "w": "weeks"}
LAST = re.compile(r"([1-9][0-9]{0,3})([hdw])").fullmatch
PREVIOUS_DAYS = re.compile(r"previous-([1-9][0-9]{0,2})-days").fullmatch
PREVIOUS = {
    "previous-day": "The day before",
    "previous-week": "The week before, Monday to Sunday",
    "previous-month": "The month before",
    "previous-quarter": "The quarter before",
    "previous-year": "The year before",
}
PATTERN = r"^([1-9][0-9]{0,3}[hdw]|previous-(day|week|month|quarter|year|[1-9][0-9]{0,2}-days))$"
SENTENCE = (
    "A length up to now, such as 24h, 7d or 4w; previous-day, previous-week, previous-month, previous-quarter or "
    "previous-year; or whole days before today, such as previous-7-days."
)


class Stretch(NamedTuple):
    """From `start` on, up to `end`, itself not in it; both UTC."""

    start: datetime
    end: datetime


def resolve(said: str, now: datetime, zone: tzinfo) -> Stretch:
    """What `said` (7d, previous-week, …) is at `now`, by the clocks of `zone`. ValueError: it says nothing.

    A length counts back from now, exactly. What begins with `previous` begins and ends at midnights there, so a day in
    which the clocks are changed has 23 or 25 hours; it is over, and asked for again on the same day it is the same.
    """
    if (length := LAST(said)) is not None:
        return Stretch(now - timedelta(**{UNITS[length[2]]: int(length[1])}), now)
    today = now.astimezone(zone).date()
    first, last = _days(said, today)
    return Stretch(_midnight(first, zone), _midnight(last, zone))


def _days(said: str, today: date) -> tuple[date, date]:
    """The first day, and the first that is not in it any more."""
    if (days := PREVIOUS_DAYS(said)) is not None:
        return today - timedelta(days=int(days[1])), today
    match said:
        case "previous-day":
            return today - timedelta(days=1), today
        case "previous-week":
            monday = today - timedelta(days=today.weekday())
            return monday - timedelta(days=7), monday
        case "previous-month":
            return _month(today, -1), _month(today, 0)
        case "previous-quarter":
            into = (today.month - 1) % 3
            return _month(today, -into - 3), _month(today, -into)
        case "previous-year":
            return date(today.year - 1, 1, 1), date(today.year, 1, 1)
    raise ValueError(said)


def _month(day: date, months: int) -> date:
    """The first of the month so many after that of `day`."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    """Where the clocks skip midnight, the moment they do."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
