"""Figures of alerts, in words: with the metric's own name and unit."""

from collections.abc import Mapping
from math import isinf
from typing import NamedTuple

from alerts.conditions import Figure, Value
from devices.models import MetricDefinition
from telemetry.models import Metric


class MetricName(NamedTuple):
    label: str
    unit: str
    precision: int


def names_of(device_pk: int) -> dict[str, MetricName]:
    """How a device's metrics are called and written, by their keys."""
    definitions = MetricDefinition.objects.filter(device_type__devices=device_pk)
    precision = dict(definitions.values_list("key", "precision"))
    metrics = Metric.objects.filter(device=device_pk).order_by().values_list("key", "label", "unit")
    return {key: MetricName(label, unit, precision.get(key, 2)) for key, label, unit in metrics}


def figure_in_words(names: Mapping[str, MetricName], figure: Figure) -> tuple[str, str, str]:
    """What was measured, what it came to, and the limit."""
    if figure.key not in names:
        return figure.what, value_in_words(figure.value), value_in_words(figure.limit)
    label, unit, precision = names[figure.key]
    # A change an hour and a number of readings are not in the metric's own unit.
    unit = unit if figure.what == figure.key or figure.what.startswith(("avg ", "min ", "max ")) else ""
    what = figure.what.replace(figure.key, label, 1)
    return what, value_in_words(figure.value, unit, precision), value_in_words(figure.limit, unit, precision)


def value_in_words(value: Value | None, unit: str = "", precision: int = 2) -> str:
    """A value as people write it: as many digits behind the point as it has, `precision` at most."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinf(value):
        return "never"
    digits = f"{value:,.{precision}f}"
    shown = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"{shown} {unit}".rstrip()
