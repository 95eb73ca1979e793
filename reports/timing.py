"""When a schedule is due. Pure.

Clocks go by wall time in the schedule's zone: a time that does not exist on the day the clock is put forward comes as
long after midnight as ever (02:30 at 03:30), and one that comes twice counts the first time alone.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice, product
from zoneinfo import ZoneInfo

from celery.schedules import ParseException, crontab_parser
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

DAYS = tuple(WEEKDAYS.values())
LOOK_AHEAD = 3000  # days: the 29th of February may be eight years away
LONGEST_CRON = 100


class InvalidTiming(ValueError):
    """Why a timing cannot be understood or meant, in a sentence for who wrote it."""


class Every(StrEnum):
    DAY = "daily"
    WEEK = "weekly"
    MONTH = "monthly"
    CRON = "cron"


@dataclass(frozen=True, slots=True)
class Cron:
    """The five fields of a cron expression, each as what it lets through. Sunday is 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    needs_both: bool  # a day of the month and a weekday; else, as cron has it, either will do

    def has(self, day: date) -> bool:
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (of_month and of_week if self.needs_both else of_month or of_week)


@dataclass(frozen=True, slots=True)
class Timing:
    every: Every
    zone: ZoneInfo
    at: time = time(7)
    weekdays: frozenset[int] = frozenset()  # 0 is Monday
    day: int = 1  # of the month; the last one where there are fewer
    cron: Cron | None = None

    def after(self, moment: datetime) -> datetime | None:
        """The first time it is due after `moment`, in UTC; None if it never is again."""
        return next(self._from(moment), None)

    def following(self, moment: datetime, count: int) -> list[datetime]:
        """The next `count` times after `moment`."""
        return list(islice(self._from(moment), count))

    def latest(self, first: datetime, now: datetime) -> datetime:
        """The last time it was due up to `now`, if it was due at `first`: of what was missed, one is made good."""
        last = first
        for due in self._from(first):
            if due > now:
                break
            last = due
        return last

    def sentence(self) -> str:
        match self.every:
            case Every.DAY:
                said = _("Every day at %(clock)s")
            case Every.WEEK:
                said = _("Every %(days)s at %(clock)s")
            case Every.MONTH:
                said = _("On day %(day)s of every month at %(clock)s")
                if self.day == 31:
                    said = _("On the last day of every month at %(clock)s")
            case Every.CRON:
                said = _("By its cron expression")
        days = get_text_list([str(DAYS[day]) for day in sorted(self.weekdays)], _("and"))
        words = said % {"clock": f"{self.at:%H:%M}", "days": days, "day": self.day}
        return f"{words} ({self.zone.key})"

    def _from(self, moment: datetime) -> Iterator[datetime]:
        today = moment.astimezone(self.zone).date()
        last = moment
        for ahead in range(LOOK_AHEAD):
            day = today + timedelta(days=ahead)
            if self._has(day):
                for due in sorted({datetime.combine(day, at, self.zone).astimezone(UTC) for at in self._clocks()}):
                    if due > last:
                        last = due
                        yield due

    def _has(self, day: date) -> bool:
        match self.every:
            case Every.WEEK:
                return day.weekday() in self.weekdays
            case Every.MONTH:
                is_last = (day + timedelta(days=1)).month != day.month
                return day.day == self.day or (is_last and day.day < self.day)
            case Every.CRON:
                return self.cron is not None and self.cron.has(day)
        return True

    def _clocks(self) -> Iterator[time]:
        if self.cron is None:
            yield self.at
        else:
            yield from (
                time(hour, minute) for hour, minute in product(sorted(self.cron.hours), sorted(self.cron.minutes))
            )


def in_words(moment: datetime) -> str:
    """On the clock of its own zone: `Mon 23 Nov 2026, 07:00 CET`."""
    # Django leaves the zone away where an hour comes twice.
    return f"{date_format(moment, 'D j M Y, H:i')} {moment:%Z}"


def read_timing(
    every: str, zone: ZoneInfo, *, at: time, weekdays: Collection[int] = (), day: int = 1, cron: str = ""
) -> Timing:
    """Raises InvalidTiming."""
    if every not in set(Every):
        raise InvalidTiming(f"It is due {', '.join(Every)}.")
    if every == Every.WEEK and not weekdays:
        raise InvalidTiming("Choose a weekday at least.")
    return Timing(
        Every(every),
        zone,
        at,
        frozenset(weekdays) if every == Every.WEEK else frozenset(),
        day,
        read_cron(cron) if every == Every.CRON else None,
    )


def read_cron(text: str) -> Cron:
    """Minute, hour, day of the month, month, weekday. Raises InvalidTiming."""
    fields = text[: LONGEST_CRON + 1].lower().split()
    if len(fields) != 5 or len(text) > LONGEST_CRON:
        raise InvalidTiming(
            "A cron expression has five fields: minute, hour, day, month, weekday, such as 0 7 * * mon-fri."
        )
    minute, hour, day, month, weekday = fields
    cron = Cron(
        _field("minute", minute, 60),
        _field("hour", hour, 24),
        _field("day", day, 31, 1),
        _field("month", month, 12, 1),
        _field("weekday", re.sub(r"\b7\b", "0", weekday), 7),
        needs_both=day.startswith("*") or weekday.startswith("*"),
    )
    if len(cron.minutes) > 1:
        raise InvalidTiming("A report is made once an hour at most: let the first field be one minute, such as 0.")
    if not any(cron.has(date(2024, 1, 1) + timedelta(days=ahead)) for ahead in range(366)):
        raise InvalidTiming("No year has such a day.")
    return cron


def _field(name: str, said: str, count: int, first: int = 0) -> frozenset[int]:
    try:
        found = frozenset(crontab_parser(count, first).parse(said))
    except (ParseException, ValueError) as error:
        raise InvalidTiming(f"{said!r} is no {name} of a cron expression: {error}") from error
    if not found:
        raise InvalidTiming(f"{said!r} is no {name} of a cron expression.")
    return found
