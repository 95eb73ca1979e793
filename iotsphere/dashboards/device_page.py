"""One device's page: its tabs, and what each of them shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import timezone

from devices.availability import Span, periods, spans_of
from devices.command_states import CommandStatus
from devices.models import Device, Widget
from devices.permissions import AnyUser
from devices.presence import offline_after
from devices.tabs import Tab
from telemetry.charts import script_addresses
from telemetry.models import Metric
from telemetry.values import ChartOfMetrics, Shown, charts_of, shown_metrics

TABS = [
    Tab("details", "Details", "info"),
    Tab("operations", "Operations", "gauge"),
    Tab("predictions", "Predictions", "sparkles"),
    Tab("history", "History", "chart-line"),
]
FORETELLS = "predictions"
FIRST_TAB = "operations"
MOST_OTHERS = 50
BAR = timedelta(days=7)
PERIOD_NAMES = ("24 h", "7 days", "30 days")


class Stretch(NamedTuple):
    """A part of the presence bar: where it begins and how long it is, in percent."""

    presence: str
    start: float
    length: float


class Shares(NamedTuple):
    label: str
    percent: float | None


@dataclass(frozen=True, slots=True)
class Gauge:
    metric: Shown
    target: Shown | None

    @property
    def length(self) -> float:
        """How much of the arc is filled, in percent."""
        return self._percent(self.metric.latest)

    @property
    def target_angle(self) -> float | None:
        """Degrees from the top at which the target's mark stands; the arc goes from -120 to 120."""
        if self.target is None or self.target.latest is None:
            return None
        return round(self._percent(self.target.latest) * 2.4 - 120, 1)

    def _percent(self, value: float | bool | str | None) -> float:
        low, high = self.metric.minimum, self.metric.maximum
        if low is None or high is None or not isinstance(value, int | float):
            return 0.0
        return round(min(100.0, max(0.0, (value - low) / (high - low) * 100)), 1)


class DevicePage:
    def __init__(self, user: AnyUser, device: Device) -> None:
        self.user = user
        self.device = device

    @cached_property
    def metrics(self) -> list[Shown]:
        definitions = list(self.device.device_type.metrics.all()) if self.device.device_type else []
        return shown_metrics(definitions, list(Metric.objects.filter(device=self.device)))

    @cached_property
    def gauges(self) -> list[Gauge]:
        by_key = {metric.key: metric for metric in self.metrics}
        return [Gauge(metric, by_key.get(f"target_{metric.key}")) for metric in self.metrics if metric.has_gauge]

    @cached_property
    def status_cards(self) -> list[Shown]:
        return [metric for metric in self.metrics if metric.widget != Widget.HIDDEN and not metric.has_gauge]

    @cached_property
    def _now(self) -> datetime:
        return timezone.now()

    @cached_property
    def _spans(self) -> list[Span]:
        return spans_of(self.device, self._now)

    @property
    def availability(self) -> list[Shares]:
        """Of the last day, week and month, as far as it is known."""
        return [
            Shares(label, share.percent)
            for label, (_, share) in zip(PERIOD_NAMES, periods(self._spans, self._now), strict=True)
        ]

    @property
    def presence_bar(self) -> list[Stretch]:
        start = self._now - BAR
        return [
            Stretch(
                span.presence,
                round(100 * ((max(span.since, start) - start) / BAR), 2),
                round(100 * ((span.until - max(span.since, start)) / BAR), 2),
            )
            for span in self._spans
            if span.until > start
        ]

    @property
    def offline_after(self) -> timedelta:
        return offline_after(self.device.expected_interval)

    @property
    def fresh_for(self) -> timedelta:
        """How long a value counts as up to date. Devices may report what has changed and repeat the rest rarely."""
        return 10 * self.offline_after

    @property
    def fresh_count(self) -> int:
        since = timezone.now() - self.fresh_for
        return sum(metric.time is not None and metric.time >= since for metric in self.metrics)

    @property
    def live(self) -> dict[str, Any]:
        """What the page's script needs to know."""
        return {
            "device": self.device.device_id,
            "history": reverse("api:history", args=[self.device.device_id]),
            "alerts": reverse("api:alert-list"),
            "alertPage": reverse("alerts"),
            "commands": reverse("api:command-list"),
            "statuses": {status.value: status.label for status in CommandStatus},
            "others": [
                {
                    "id": other.device_id,
                    "name": str(other),
                    "history": reverse("api:history", args=[other.device_id]),
                }
                for other in self.others
            ],
            "timeZone": str(self.device.project.time_zone),
            "charts": self.charts,
            "scripts": script_addresses(),
            "sparklines": [metric.key for metric in self.status_cards if metric.is_number],
        }

    @cached_property
    def others(self) -> list[Device]:
        """Those that it can be compared with."""
        if self.device.device_type_id is None:
            return []
        alike = Device.objects.visible_to(self.user).in_service().filter(device_type=self.device.device_type_id)
        return list(alike.exclude(pk=self.device.pk).order_by("name", "device_id")[:MOST_OTHERS])

    @cached_property
    def charts(self) -> list[dict[str, Any]]:
        return [_chart(chart) for chart in charts_of(self.metrics)]


def _chart(chart: ChartOfMetrics) -> dict[str, Any]:
    return {
        "title": chart.title,
        "unit": chart.unit,
        "metrics": [
            {
                "key": metric.key,
                "label": metric.label,
                "unit": metric.unit,
                "precision": metric.precision,
                "target": metric.is_target,
                "counter": metric.is_counter,
            }
            for metric in chart.metrics
        ],
    }
