"""How values are written for people, as on the pages."""

from datetime import datetime, timedelta, tzinfo

from reports.documents import Value
from telemetry.values import MISSING, value_in_words

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def in_words(value: Value, zone: tzinfo, precision: int | None = None, unit: str = "") -> str:
    """`1,234.5 kWh`, `2025-12-19 13:05`, `3 h 20 min`, `–`."""
    if isinstance(value, datetime):
        return time_in_words(value, zone)
    if isinstance(value, timedelta):
        return span_in_words(value)
    if value is None:
        return MISSING
    words = value_in_words(value, precision)
    return f"{words} {unit}" if unit else words


def time_in_words(time: datetime, zone: tzinfo) -> str:
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M}"


def span_in_words(span: timedelta) -> str:
    """The two largest units: `2 d 3 h`, `45 s`, `0 s`."""
    rest = round(span.total_seconds())
    parts = []
    for unit, seconds in UNITS:
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def range_in_words(start: datetime, end: datetime, zone: tzinfo) -> str:
    """Days where it begins and ends at midnight; `2025-12-01 to 2025-12-07`."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.time() == last.time() == first.time().min:
        last_day = last.date() - timedelta(days=1)
        return f"{first:%Y-%m-%d}" if first.date() == last_day else f"{first:%Y-%m-%d} to {last_day}"
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
