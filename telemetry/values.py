"""How a value is written for people. static/js/values.js writes live ones the same way."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import get_format

from devices.models import Device, MetricDefinition, MetricKind, ValueType, Widget
from telemetry.models import Metric

MISSING = "–"
HEADLINES = 4
SCIENTIFIC_FROM = 1e12


def value_in_words(value: float | bool | str | None, precision: int | None = None) -> str:
    """`12,345.6`, `Yes`, `heating`, `–` for nothing; six significant digits where no precision is defined.

    Numbers are separated as in the language of who reads them.
    """
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return value
    if abs(value) >= SCIENTIFIC_FROM:
        return f"{value:.3e}"
    if precision is not None:
        return _separated(f"{value:z,.{precision}f}")
    if value == 0:
        return "0"
    digits = max(0, 5 - math.floor(math.log10(abs(value))))
    text = f"{value:z,.{min(digits, 8)}f}"
    return _separated(text.rstrip("0").rstrip(".") if "." in text else text)


def _separated(text: str) -> str:
    marks = {",": get_format("THOUSAND_SEPARATOR"), ".": get_format("DECIMAL_SEPARATOR")}
    return text.translate(str.maketrans(marks))


@dataclass(frozen=True, slots=True)
class Shown:
    """One metric of a device with all a template needs to show it, and a script to keep it moving."""

    key: str
    label: str
    unit: str
    value_type: str
    kind: str
    precision: int | None
    minimum: float | None
    maximum: float | None
    widget: str
    headline: bool
    chart: str
    latest: float | bool | str | None
    time: datetime | None

    @property
    def text(self) -> str:
        return value_in_words(self.latest, self.precision)

    @property
    def is_number(self) -> bool:
        return self.value_type == ValueType.NUMBER

    @property
    def is_target(self) -> bool:
        """By the naming of keys: `target_temperature` is what `temperature` is meant to reach."""
        return self.key.startswith("target_")

    @property
    def is_counter(self) -> bool:
        return self.kind == MetricKind.TOTAL_INCREASING

    @property
    def has_gauge(self) -> bool:
        return self.widget == Widget.GAUGE and self.is_number and self.minimum is not None and self.maximum is not None


@dataclass(frozen=True, slots=True)
class ChartOfMetrics:
    """`unit` is empty where its metrics differ."""

    title: str
    unit: str
    metrics: list[Shown]


def charts_of(metrics: Iterable[Shown]) -> list[ChartOfMetrics]:
    """The charts of a device: metrics with the same word share one, in the order of the first of them.

    Measurements come before their targets, so that the first series is what really happened.
    """
    groups: dict[str, list[Shown]] = defaultdict(list)
    for metric in metrics:
        if metric.is_number and metric.chart:
            groups[metric.chart].append(metric)
    return [_chart(word, sorted(ones, key=lambda metric: metric.is_target)) for word, ones in groups.items()]


def _chart(word: str, metrics: list[Shown]) -> ChartOfMetrics:
    title = metrics[0].label if len(metrics) == 1 else word.replace("_", " ").replace("-", " ").capitalize()
    units = {metric.unit for metric in metrics}
    return ChartOfMetrics(title, units.pop() if len(units) == 1 else "", metrics)


def with_metrics(devices: Iterable[Device]) -> list[tuple[Device, list[Shown]]]:
    """The devices, each with its metrics; two queries however many they are."""
    devices = list(devices)
    definitions: dict[int | None, list[MetricDefinition]] = defaultdict(list)
    for definition in MetricDefinition.objects.filter(device_type__in={device.device_type_id for device in devices}):
        definitions[definition.device_type_id].append(definition)
    metrics: dict[int, list[Metric]] = defaultdict(list)
    for metric in Metric.objects.filter(device__in=devices):
        metrics[metric.device_id].append(metric)
    return [(device, shown_metrics(definitions[device.device_type_id], metrics[device.pk])) for device in devices]


def headlines(metrics: list[Shown]) -> list[Shown]:
    """The type's headline metrics; of a device without such the first few it has sent."""
    chosen = [metric for metric in metrics if metric.headline] or [metric for metric in metrics if metric.time]
    return chosen[:HEADLINES]


def shown_metrics(definitions: list[MetricDefinition], metrics: list[Metric]) -> list[Shown]:
    """What the type defines in its order (also before the first value), then whatever else the device sends."""
    received = {metric.key: metric for metric in metrics}
    defined = [_defined(definition, received.pop(definition.key, None)) for definition in definitions]
    return defined + [_undefined(metric) for metric in sorted(received.values(), key=lambda metric: metric.key)]


def _defined(definition: MetricDefinition, metric: Metric | None) -> Shown:
    return Shown(
        key=definition.key,
        label=definition.label,
        unit=definition.unit,
        value_type=metric.value_type if metric else definition.value_type,
        kind=metric.kind if metric else definition.kind,
        precision=definition.precision,
        minimum=definition.minimum,
        maximum=definition.maximum,
        widget=definition.widget,
        headline=definition.headline,
        chart=definition.chart,
        latest=metric.latest if metric else None,
        time=metric.last_time if metric else None,
    )


def _undefined(metric: Metric) -> Shown:
    return Shown(
        key=metric.key,
        label=metric.label,
        unit=metric.unit,
        value_type=metric.value_type,
        kind=metric.kind,
        precision=None,
        minimum=None,
        maximum=None,
        widget=Widget.CARD,
        headline=False,
        chart=metric.key,
        latest=metric.latest,
        time=metric.last_time,
    )
