"""What is unusual about a device now: each metric's last hour against the same hour of the fourteen days before."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from devices.models import Device, MetricKind, ValueType
from mlmonitor.foretelling.anomaly import ANOMALOUS, DAYS, residual, score
from telemetry.models import HourlyRollup, Metric
from telemetry.values import value_in_words

DAY = timedelta(days=1)
RECENT = timedelta(hours=3)
TARGET = "target_"  # `target_temperature` is what `temperature` is meant to reach


@dataclass(frozen=True, slots=True)
class Unusualness:
    metric: Metric
    at: datetime
    value: float
    """The hour's mean."""
    usual: float
    """The median of the same hour."""
    distance: float
    """In MADs, signed."""

    @property
    def value_text(self) -> str:
        return _in_short(self.value)

    @property
    def usual_text(self) -> str:
        return _in_short(self.usual)

    @property
    def score(self) -> int:
        return round(score(self.distance))

    @property
    def is_anomalous(self) -> bool:
        return abs(self.distance) > ANOMALOUS


def _in_short(value: float) -> str:
    return value_in_words(float(f"{value:.3g}"))


def unusual(device: Device, now: datetime) -> list[Unusualness]:
    """The most unusual first. Left out are counters, what people set, and metrics with too little to compare with."""
    numbers = Metric.objects.filter(device=device, kind=MetricKind.MEASUREMENT, value_type=ValueType.NUMBER)
    metrics = {metric.pk: metric for metric in numbers if not metric.key.startswith(TARGET)}
    means: dict[int, dict[datetime, float]] = defaultdict(dict)
    rollups = HourlyRollup.objects.filter(
        metric__in=metrics, start__gte=now - DAYS * DAY - RECENT - timedelta(hours=1), start__lte=now
    )
    for pk, start, count, total in rollups.order_by("start").values_list("metric_id", "start", "count", "sum"):
        means[pk][start] = total / count
    found = []
    for pk, by_hour in means.items():
        at = max(by_hour)
        same_hour = [by_hour[hour] for day in range(1, DAYS + 1) if (hour := at - day * DAY) in by_hour]
        distance = residual(by_hour[at], same_hour) if at >= now - RECENT else None
        if distance is not None:
            found.append(Unusualness(metrics[pk], at, by_hour[at], median(same_hour), distance))
    return sorted(found, key=lambda each: -abs(each.distance))
