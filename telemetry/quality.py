"""How good what a device sends is: complete or with gaps, on time or late, by a right clock, within range, taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from devices.models import Device, MetricDefinition, ValueType
from telemetry.coverage import Coverage, Gap, coverage
from telemetry.models import FiveMinuteRollup, LedgerHour, Metric, RejectionCount
from telemetry.reasons import Reason
from telemetry.rollups import FIVE_MINUTES, HOUR, floor

DAYS = (1, 7, 30)
GAPS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Clock:
    """How many seconds the device's clock was ahead of the portal's when messages came (negative: behind it).

    The time that a message was on its way is in it: a good clock is a little behind.
    """

    mean: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """A metric with values outside what its type says they are, and in how many five minutes that was so."""

    key: str
    label: str
    unit: str
    minimum: float | None
    maximum: float | None
    lowest: float
    highest: float
    stretches: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Between `start` and `end`: what was measured then (coverage, out of range), and what arrived then (the rest)."""

    start: datetime
    end: datetime
    expected_interval: timedelta
    coverage: Coverage | None  # None: it sends texts alone, which are not counted by time
    received: int
    stored: int
    duplicate: int
    rejected: int
    reasons: Sequence[tuple[Reason, int]]
    messages: int  # that told a time of their own
    late: int
    clock: Clock | None
    out_of_range: Sequence[OutOfRange]

    @property
    def newest_gaps(self) -> list[Gap]:
        return list(self.coverage.gaps)[: -GAPS_SHOWN - 1 : -1] if self.coverage else []

    @property
    def late_share(self) -> float | None:
        return self.late / self.messages if self.messages else None


def read_days(text: str | None) -> int:
    """How many days an address asks for: one of DAYS, a week if it says nothing that is."""
    return int(text) if text in {str(days) for days in DAYS} else DAYS[1]


def quality(device: Device, days: int, now: datetime) -> Quality:
    """Of the last `days`, of a device that may have been there for less."""
    return quality_between(device, now - timedelta(days=days), now)


def quality_between(device: Device, start: datetime, end: datetime) -> Quality:
    metrics = {metric.pk: metric for metric in Metric.objects.filter(device=device)}
    rollups = FiveMinuteRollup.objects.filter(metric__in=metrics, start__gte=floor(start, FIVE_MINUTES), start__lt=end)
    # Values of one message come together: the metric that came most often says how many messages there were.
    counts = list(rollups.values_list("start").annotate(most=Max("count")).order_by("start"))
    since = max(start, min([device.created_at, *(at for at, _ in counts[:1])]))
    pages = LedgerHour.objects.filter(sender=device.device_id, hour__gte=floor(start, HOUR), hour__lt=end)
    figures = pages.aggregate(
        **{name: Sum(name, default=0) for name in ("received", "stored", "duplicate", "rejected", "late", "clocked")},
        ahead=Sum("ahead_sum", default=0.0),
        least=Min("ahead_min"),
        most=Max("ahead_max"),
    )
    reasons = RejectionCount.objects.filter(sender=device.device_id, hour__gte=floor(start, HOUR), hour__lt=end)
    counted = reasons.order_by().values_list("reason").annotate(items=Sum("count")).order_by("-items", "reason")
    clocked = figures["clocked"]
    return Quality(
        start=start,
        end=end,
        expected_interval=device.expected_interval,
        coverage=coverage(counts, device.expected_interval, since, end)
        if counts or not _sends_texts(metrics)
        else None,
        received=figures["received"],
        stored=figures["stored"],
        duplicate=figures["duplicate"],
        rejected=figures["rejected"],
        reasons=[(Reason(reason), items) for reason, items in counted],
        messages=clocked + figures["late"],
        late=figures["late"],
        clock=Clock(figures["ahead"] / clocked, figures["least"], figures["most"]) if clocked else None,
        out_of_range=_out_of_range(device, metrics, rollups),
    )


def _sends_texts(metrics: dict[int, Metric]) -> bool:
    return bool(metrics) and all(metric.value_type == ValueType.TEXT for metric in metrics.values())


def _out_of_range(device: Device, metrics: dict[int, Metric], rollups: QuerySet[FiveMinuteRollup]) -> list[OutOfRange]:
    ranges = {
        definition.key: definition
        for definition in MetricDefinition.objects.filter(device_type=device.device_type_id)
        if definition.minimum is not None or definition.maximum is not None
    }
    ranged = {metric.pk: ranges[metric.key] for metric in metrics.values() if metric.key in ranges}
    if not ranged:
        return []
    outside = reduce(or_, (Q(metric=pk) & _outside(definition) for pk, definition in ranged.items()))
    extremes = (
        rollups.filter(metric__in=ranged)
        .order_by()
        .values_list("metric")
        .annotate(lowest=Min("min"), highest=Max("max"), stretches=Count("start", filter=outside))
    )
    found = []
    for pk, lowest, highest, stretches in extremes:
        if stretches:
            metric, definition = metrics[pk], ranged[pk]
            found.append(
                OutOfRange(
                    metric.key,
                    metric.label,
                    metric.unit,
                    definition.minimum,
                    definition.maximum,
                    lowest,
                    highest,
                    stretches,
                )
            )
    return sorted(found, key=lambda one: one.key)


def _outside(definition: MetricDefinition) -> Q:
    below = Q(min__lt=definition.minimum) if definition.minimum is not None else Q()
    above = Q(max__gt=definition.maximum) if definition.maximum is not None else Q()
    return below | above
