"""The values of health indicators, day by day (or hour by hour), from the rollups."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple

import numpy as np

from devices.models import Device
from mlmonitor.foretelling import heater
from mlmonitor.models import HealthIndicator, Measure
from telemetry.models import DailyRollup, FiveMinuteRollup, HourlyRollup, Rollup

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LOOKS_BACK = {DailyRollup: 400 * DAY, HourlyRollup: 30 * DAY, FiveMinuteRollup: 30 * DAY}
OF_HEATERS = ("temperature", "target_temperature", "flow_rate", "energy")


class Point(NamedTuple):
    time: datetime
    value: float


def points_of(device: Device, indicators: Sequence[HealthIndicator], now: datetime) -> dict[int, list[Point]]:
    """By indicator, oldest first. Each stands at the end of its day or hour, the last one at the latest now."""
    found: dict[int, list[Point]] = {indicator.pk: [] for indicator in indicators}
    _add_of_metrics(found, device, [each for each in indicators if each.measure not in heater.MEASURES], now)
    worked_out = [each for each in indicators if each.measure in heater.MEASURES]
    if worked_out:
        zone = device.project.time_zone
        days = heater.by_day(_five_minutes(device, now), zone)
        today = now.astimezone(zone).date()
        for indicator in worked_out:
            found[indicator.pk] = [
                Point(datetime.combine(day + DAY, time(), zone), figure)
                for day, figure in days[indicator.measure]
                if day < today
            ]
    return found


def _add_of_metrics(
    found: dict[int, list[Point]], device: Device, indicators: Iterable[HealthIndicator], now: datetime
) -> None:
    by_store: dict[type[Rollup], list[HealthIndicator]] = defaultdict(list)
    for indicator in indicators:
        by_store[HourlyRollup if indicator.measure == Measure.HOURLY else DailyRollup].append(indicator)
    for store, of_store in by_store.items():
        width = HOUR if store is HourlyRollup else DAY
        by_key: dict[str, list[HealthIndicator]] = defaultdict(list)
        for indicator in of_store:
            by_key[indicator.metric_key].append(indicator)
        rollups = store._default_manager.filter(
            metric__device=device, metric__key__in=by_key, start__gte=now - LOOKS_BACK[store], start__lte=now
        )
        for key, start, *figures in rollups.order_by("start").values_list("metric__key", "start", *FIGURES):
            for indicator in by_key[key]:
                found[indicator.pk].append(Point(min(start + width, now), VALUES[indicator.measure](*figures)))


def _five_minutes(device: Device, now: datetime) -> heater.FiveMinutes:
    """The last thirty days; what is missing is NaN."""
    start = now - LOOKS_BACK[FiveMinuteRollup]
    first = int(start.timestamp()) // 300
    number = int(now.timestamp()) // 300 - first + 1
    columns = {key: np.full((2, number), np.nan) for key in OF_HEATERS}
    rollups = FiveMinuteRollup.objects.filter(
        metric__device=device, metric__key__in=OF_HEATERS, start__gte=start, start__lte=now
    )
    for key, at, count, total, last in rollups.values_list("metric__key", "start", "count", "sum", "last"):
        columns[key][:, int(at.timestamp()) // 300 - first] = total / count, last
    used = np.diff(columns["energy"][1], prepend=np.nan)
    return heater.FiveMinutes(
        times=300.0 * np.arange(first, first + number, dtype=np.float64),
        temperature=columns["temperature"][0],
        target=columns["target_temperature"][1],
        flow=columns["flow_rate"][0],
        energy=np.where(used < 0, np.nan, used),  # the counter began anew
    )


FIGURES = ("count", "sum", "min", "max", "last")
VALUES: Mapping[str, Callable[[int, float, float, float, float], float]] = {
    Measure.MEAN: lambda count, total, low, high, last: total / count,
    Measure.MINIMUM: lambda count, total, low, high, last: low,
    Measure.MAXIMUM: lambda count, total, low, high, last: high,
    Measure.LAST: lambda count, total, low, high, last: last,
    Measure.HOURLY: lambda count, total, low, high, last: last,
}
