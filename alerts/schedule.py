"""The hours in which a rule raises alerts, in a time zone. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class InvalidSchedule(ValueError):
    """Why a schedule cannot be understood, in a sentence for who wrote it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Open on `days` (0 is Monday) from `start` until `end`; past midnight when `end` is not after `start`."""

    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo

    def is_open(self, moment: float) -> bool:
        """`moment`: epoch seconds."""
        local = datetime.fromtimestamp(moment, self.zone)
        clock, today = local.time(), local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        # The hours after midnight belong to the day they began on.
        return (today in self.days and clock >= self.start) or ((today - 1) % 7 in self.days and clock < self.end)

    def next_opening(self, moment: float) -> float:
        """The first time after `moment` that it opens, epoch seconds."""
        local = datetime.fromtimestamp(moment, self.zone)
        for ahead in range(9):
            day = local.date() + timedelta(days=ahead)
            opening = datetime.combine(day, self.start, self.zone).astimezone(UTC).timestamp()
            if day.weekday() in self.days and opening > moment:
                return opening
        raise AssertionError("a schedule has a day at least")

    def sentence(self) -> str:
        days = ", ".join(DAYS[day].capitalize() for day in sorted(self.days))
        return f"{'every day' if len(self.days) == 7 else days} {self.start:%H:%M}–{self.end:%H:%M} ({self.zone.key})"


def read_schedule(said: Any, zone: str) -> Schedule | None:
    """`{"days": ["mon", …], "from": "08:00", "to": "18:00"}` in a time zone; None for an empty one.

    Raises InvalidSchedule.
    """
    if not said:
        return None
    if not isinstance(said, dict) or said.keys() - {"days", "from", "to"}:
        raise InvalidSchedule('A schedule has "days", "from" and "to".')
    days = said.get("days", list(DAYS))
    if not isinstance(days, list) or not days or not all(day in DAYS for day in days):
        raise InvalidSchedule(f'"days" is a list of {", ".join(DAYS)}.')
    try:
        hours = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidSchedule(f"{zone} is no time zone. They are named like Europe/Vienna or UTC.") from error
    return Schedule(frozenset(DAYS.index(day) for day in days), _time(said, "from"), _time(said, "to"), hours)


def _time(said: dict[str, Any], name: str) -> time:
    try:
        clock = time.fromisoformat(said.get(name, "00:00"))
    except (TypeError, ValueError) as error:
        raise InvalidSchedule(f'"{name}" is a time of the day, such as "08:00".') from error
    if clock.tzinfo is not None:
        raise InvalidSchedule(f'"{name}" has no zone of its own.')
    return clock
