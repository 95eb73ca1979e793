"""Days of a zone: where they begin, and which of them a stretch of time touches. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo


def midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def days_of(start: datetime, end: datetime, zone: tzinfo) -> Iterator[date]:
    """Every day of which [start, end) has a part."""
    day = start.astimezone(zone).date()
    while midnight(day, zone) < end:
        yield day
        day += timedelta(days=1)
