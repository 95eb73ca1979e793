"""Figures of alerts, in words: with the metric's own name and unit."""

from math import isinf

from alerts.conditions import Figure, Value
from devices.models import MetricDefinition
from telemetry.models import Metric


def figure_in_words(device_pk: int, figure: Figure) -> tuple[str, str, str]:
    """What was measured, what it came to, and the limit."""
    metric = Metric.objects.filter(device=device_pk, key=figure.key).select_related("device").first()
    if metric is None:
        return figure.what, value_in_words(figure.value), value_in_words(figure.limit)
    definition = MetricDefinition.objects.filter(device_type=metric.device.device_type_id, key=figure.key).first()
    precision = 2 if definition is None else definition.precision
    # A change an hour and a number of readings are not in the metric's own unit.
    unit = metric.unit if figure.what == figure.key or figure.what.startswith(("avg ", "min ", "max ")) else ""
    label = figure.what.replace(figure.key, metric.label, 1)
    return label, value_in_words(figure.value, unit, precision), value_in_words(figure.limit, unit, precision)


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
