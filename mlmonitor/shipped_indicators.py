"""The health indicators a new portal knows. They are data: an administrator may change or delete them afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any

from devices.models import DeviceType
from mlmonitor.models import HealthIndicator, Measure

SHIPPED_INDICATORS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "water-heater": (
        {
            "key": "anode", "label": "Anode left", "unit": "%", "measure": Measure.LAST, "metric_key": "anode",
            "threshold": 20, "falls": True, "action": "Replace the anode, before the tank rusts instead of it.",
        },
        {
            "key": "efficiency", "label": "Element efficiency", "unit": "K/kWh", "precision": 2,
            "measure": Measure.EFFICIENCY, "threshold": 4.5, "falls": True,
            "action": "Check element and insulation: of a kilowatt-hour ever less gets into the water.",
        },
        {
            "key": "scaling", "label": "Heating rate", "unit": "K/h", "measure": Measure.HEATING_RATE,
            "threshold": 7, "falls": True, "action": "Descale the element: it heats ever more slowly.",
        },
        {
            "key": "leak", "label": "Lowest flow at night", "unit": "L/min", "precision": 2,
            "measure": Measure.NIGHT_FLOW, "threshold": 0.2, "action": "Look for a leak: water runs all night long.",
        },
        {
            "key": "recovery", "label": "Time to recover", "unit": "min", "precision": 0, "measure": Measure.RECOVERY,
            "threshold": 240, "action": "Check element and thermostat: it takes too long to be warm again.",
        },
        {
            "key": "cycling", "label": "Heating cycles", "unit": "per day", "precision": 0, "measure": Measure.CYCLES,
            "threshold": 60, "action": "Check the thermostat: it switches too often.",
        },
    ),
    "environment-sensor": (
        {
            "key": "battery", "label": "Battery", "unit": "V", "precision": 2, "measure": Measure.MEAN,
            "metric_key": "battery", "threshold": 3.3, "falls": True, "action": "Change or charge the cell.",
        },
    ),
    "server": (
        {
            "key": "disk", "label": "Fullest disk", "unit": "%", "measure": Measure.HOURLY, "metric_key": "disk",
            "threshold": 98, "action": "Make room: writing fails when the disk is full.",
        },
    ),
}  # fmt: skip


def ensure_shipped_indicators() -> None:
    """Create those that are not there, for the types that are."""
    for device_type in DeviceType.objects.filter(slug__in=SHIPPED_INDICATORS):
        for position, shipped in enumerate(SHIPPED_INDICATORS[device_type.slug]):
            fields = {"position": position, **shipped}
            HealthIndicator.objects.get_or_create(device_type=device_type, key=fields.pop("key"), defaults=fields)
