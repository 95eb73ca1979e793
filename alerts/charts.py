"""What a chart of a rule's metrics on one device needs: which series, which limits, and when it was wrong."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from alerts.conditions import Compare, Condition, Several
from alerts.evaluator import CompiledRule
from alerts.models import Alert
from alerts.words import names_of
from devices.models import Device, MetricKind, ValueType
from telemetry.charts import script_addresses
from telemetry.models import Metric

# Aggregates that are in the metric's own unit and about as large: their limits belong into its chart.
ALIKE = ("", "avg", "min", "max")
AROUND = timedelta(hours=1)
Stretch = tuple[datetime, datetime | None, str]  # from, to (None: still), severity


def chart_of(
    rule: CompiledRule, device: Device, start: datetime, end: datetime, stretches: Iterable[Stretch]
) -> dict[str, Any] | None:
    """For static/js/alerts/alert-chart.js; None if the rule is about nothing that can be drawn."""
    numbers = Metric.objects.filter(device=device, key__in=rule.keys, value_type=ValueType.NUMBER).order_by("key")
    metrics = list(numbers)
    if not metrics:
        return None
    names = names_of(device.pk)
    drawn = [
        {
            "key": metric.key,
            "label": names[metric.key].label,
            "unit": names[metric.key].unit,
            "precision": names[metric.key].precision,
            "target": metric.key.startswith("target_"),
            "counter": metric.kind == MetricKind.TOTAL_INCREASING,
        }
        for metric in metrics
    ]
    return {
        "history": reverse("api:history", args=[device.device_id]),
        "timeZone": str(device.project.time_zone),
        "scripts": script_addresses(),
        "from": _milliseconds(start),
        "to": _milliseconds(end),
        "title": str(device),
        "metrics": sorted(drawn, key=lambda metric: (metric["target"], metric["key"])),
        "limits": [
            {"key": key, "value": limit, "severity": level.severity}
            for level in rule.levels
            for key, limit in _limits(level.when)
            if key in {metric.key for metric in metrics}
        ],
        "spans": [
            {"from": _milliseconds(since), "to": _milliseconds(until or end), "severity": severity}
            for since, until, severity in stretches
        ],
    }


def chart_around(alert: Alert, now: datetime) -> dict[str, Any] | None:
    """What led to an alert, and what came of it. None if there is nothing to draw, or no more rule to know what."""
    if alert.rule is None or alert.device is None:
        return None
    over = alert.resolved_at or now
    around = max(AROUND, (over - alert.event_time) / 2)
    stretch = (alert.event_time, alert.resolved_at, alert.worst_severity)
    rule = alert.rule.compiled(str(alert.project.time_zone))
    return chart_of(rule, alert.device, alert.event_time - around, min(now, over + around), [stretch])


def _limits(condition: Condition) -> Iterator[tuple[str, float]]:
    if isinstance(condition, Several):
        for part in condition.parts:
            yield from _limits(part)
    elif isinstance(condition, Compare) and condition.agg in ALIKE:
        limits = condition.limit if isinstance(condition.limit, tuple) else (condition.limit,)
        for limit in limits:
            if isinstance(limit, int | float) and not isinstance(limit, bool):
                yield condition.key, limit


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
