"""Where the lines of a chart's grid are, and what is written at them. Pure."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils.formats import date_format

STEPS = (1, 2, 2.5, 5, 10)
HOURS = (1, 2, 3, 6, 12)
DAYS = (1, 2, 7, 14)
MONTHS = (1, 2, 3, 6, 12)


def nice(low: float, high: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """Round numbers around [low, high], evenly, about `most` of them; the first and the last enclose it.

    `whole`: of what is counted there are no halves.
    """
    if not math.isfinite(low) or not math.isfinite(high):
        return [0.0, 1.0]
    if high <= low:
        about = abs(low) or 1.0
        low, high = low - about / 10, high + about / 10
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(step * size for step in STEPS if step * size >= rough * 0.999999)
    if whole:
        step = math.ceil(step)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def digits_of(ticks: Sequence[float]) -> int:
    """How many digits behind the point tell them apart."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    return next((digits for digits in range(8) if abs(step * 10**digits - round(step * 10**digits)) < 1e-6), 8)


def times(start: datetime, end: datetime, zone: tzinfo, most: int = 8) -> list[tuple[datetime, str]]:
    """Hours, midnights, or firsts of months on the clocks of `zone`, at most `most`, each with what it is called."""
    hours = (end - start).total_seconds() / 3600
    for step in HOURS:
        if hours / step <= most:
            return _hours(start, end, zone, step)
    for step in DAYS:
        if hours / 24 / step <= most:
            return _days(start, end, zone, step)
    months = next((step for step in MONTHS if hours / 24 / 30.4 / step <= most), 12 * math.ceil(hours / 8766 / most))
    return _months(start, end, zone, months)


def _hours(start: datetime, end: datetime, zone: tzinfo, step: int) -> list[tuple[datetime, str]]:
    moment = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found = []
    while moment < end:
        local = moment.astimezone(zone)
        if moment >= start and local.minute == 0 and local.hour % step == 0:
            found.append((moment, date_format(local, "j M") if local.hour == 0 else f"{local:%H:%M}"))
        moment += timedelta(minutes=30)
    return found


def _days(start: datetime, end: datetime, zone: tzinfo, step: int) -> list[tuple[datetime, str]]:
    day = start.astimezone(zone).date()
    if step % 7 == 0:
        day -= timedelta(days=day.weekday())
    found = []
    while (moment := _midnight(day, zone)) < end:
        if moment >= start:
            found.append((moment, date_format(day, "j M")))
        day += timedelta(days=step)
    return found


def _months(start: datetime, end: datetime, zone: tzinfo, step: int) -> list[tuple[datetime, str]]:
    number = start.astimezone(zone).year * 12 + start.astimezone(zone).month - 1
    number -= number % step
    found = []
    while (moment := _midnight(date(number // 12, number % 12 + 1, 1), zone)) < end:
        if moment >= start:
            local = moment.astimezone(zone)
            found.append((moment, date_format(local, "Y" if local.month == 1 else "M")))
        number += step
    return found


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
