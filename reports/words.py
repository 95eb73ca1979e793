"""How values are written for people, as on the pages."""

from datetime import datetime, timedelta, tzinfo

from devices.ages import length_in_words
from reports.documents import Precise, Value
from telemetry.values import MISSING, value_in_words


def in_words(value: Value, zone: tzinfo, precision: int | None = None, unit: str = "") -> str:
    """`1,234.5`, `2025-12-19 13:05`, `3 h 20 min`, `–`; the unit is not written, but 100 of `%` is whole."""
    if isinstance(value, datetime):
        return time_in_words(value, zone)
    if isinstance(value, timedelta):
        return length_in_words(value)
    if value is None:
        return MISSING
    if isinstance(value, Precise):
        precision = value.precision
    if unit == "%" and precision is not None and not isinstance(value, str | bool):
        value = _not_quite(value, precision)
    return value_in_words(value, precision)


def _not_quite(percent: float, precision: int) -> float:
    """What is not whole is never written as 100 %."""
    return 100 - 10**-precision if percent < 100 <= round(percent, precision) else percent


def time_in_words(time: datetime, zone: tzinfo) -> str:
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M}"


def range_in_words(start: datetime, end: datetime, zone: tzinfo) -> str:
    """Days where it begins and ends at midnight; `2025-12-01 to 2025-12-07`."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.time() == last.time() == first.time().min:
        last_day = last.date() - timedelta(days=1)
        return f"{first:%Y-%m-%d}" if first.date() == last_day else f"{first:%Y-%m-%d} to {last_day}"
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
