"""The tables that are cut by time on PostgreSQL, and how."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A table cut by the times in `column` into parts of `period`: day, month or year, in UTC."""

    table: str
    column: str
    period: str
    ahead: int

    def start(self, at: datetime) -> datetime:
        """The start of the part that `at` is in."""
        at = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.period == "day":
            return at
        return at.replace(day=1) if self.period == "month" else at.replace(month=1, day=1)

    def next(self, start: datetime) -> datetime:
        """The start of the part after the one that starts at `start`."""
        longest = {"day": 1, "month": 31, "year": 366}[self.period]
        return self.start(start + timedelta(days=longest))

    def name(self, start: datetime) -> str:
        return f"{self.table}_{start:%Y%m%d}"

    def starts_ahead(self, now: datetime) -> Iterator[datetime]:
        """The starts of the parts that have to be there by now."""
        start = self.start(now)
        for _ in range(self.ahead + 1):
            yield start
            start = self.next(start)


READINGS = Partitioned("telemetry_reading", "time", "day", ahead=7)
FIVE_MINUTES = Partitioned("telemetry_fiveminuterollup", "start", "month", ahead=2)
HOURS = Partitioned("telemetry_hourlyrollup", "start", "year", ahead=1)
TABLES = (READINGS, FIVE_MINUTES, HOURS)


class Partition(NamedTuple):
    name: str
    start: datetime
    end: datetime


# Of a joined metric: the class that says how long its rows are kept.
CLASS_OF_METRIC = """
    SELECT metric.id, coalesce(type.retention_class_id, project.retention_class_id) AS retention_class
    FROM telemetry_metric metric
    JOIN devices_device device ON device.id = metric.device_id
    JOIN devices_project project ON project.id = device.project_id
    LEFT JOIN devices_devicetype type ON type.id = device.device_type_id
"""
