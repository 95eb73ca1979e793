"""The rules a new portal begins with. They are data: an administrator may change, disable or delete them afterwards."""

from typing import Any

from alerts.models import AlertRule
from devices.models import DeviceType

MINUTES = 60


def over(metric: str, limit: float, clear: float, minutes: int) -> dict[str, Any]:
    """The average over some minutes is above a limit, until it is below another."""
    window = {"metric": metric, "agg": "avg", "over": minutes * MINUTES}
    return {"when": {**window, "is": ">", "value": limit}, "clear": {**window, "is": "<", "value": clear}}


def hours_to_full(hours: float, clear: float) -> dict[str, Any]:
    line = {"metric": "disk", "agg": "hours_to", "over": 6 * 60 * MINUTES, "target": 100}
    return {"when": {**line, "is": "<", "value": hours}, "clear": {**line, "is": ">", "value": clear}}


SHIPPED_RULES: tuple[dict[str, Any], ...] = (
    {
        "name": "Device offline",
        "description": "Nothing has come from it for three times its interval, or its connection broke.",
        "levels": [{"severity": "high", "when": {"presence": "offline"}}],
        "message": "{device} is offline",
    },
    {
        "name": "Processor busy",
        "type": "server",
        "description": "Look for what keeps it busy: the server's page lists its busiest processes.",
        "levels": [
            {"severity": "critical", **over("cpu", 95, 85, 10)},
            {"severity": "high", **over("cpu", 85, 75, 10)},
        ],
    },
    {
        "name": "Memory nearly full",
        "type": "server",
        "description": "When it is full, the system ends processes to get some back.",
        "levels": [
            {"severity": "critical", **over("memory", 95, 90, 10)},
            {"severity": "high", **over("memory", 90, 85, 10)},
        ],
    },
    {
        "name": "Disk nearly full",
        "type": "server",
        "description": "Delete what nobody needs, or give it a larger disk.",
        "levels": [
            {
                "severity": "critical",
                "when": {"metric": "disk", "is": ">", "value": 98},
                "clear": {"metric": "disk", "is": "<", "value": 90},
            },
            {
                "severity": "high",
                "when": {"metric": "disk", "is": ">", "value": 90},
                "clear": {"metric": "disk", "is": "<", "value": 80},
            },
        ],
    },
    {
        "name": "Disk fills up",
        "type": "server",
        "description": "If it goes on like in the last six hours, there is no room left soon.",
        "levels": [
            {"severity": "critical", **hours_to_full(2, 3), "for": 5 * MINUTES},
            {"severity": "high", **hours_to_full(8, 12), "for": 5 * MINUTES},
        ],
        "message": "{device}: {value} hours until its disk is full",
    },
    {
        "name": "Water too hot",
        "type": "water-heater",
        "description": "The thermostat may be stuck: switch the heater off and have it looked at.",
        "levels": [
            {
                "severity": "critical",
                "when": {"metric": "temperature", "is": ">", "value": 75},
                "clear": {"metric": "temperature", "is": "<", "value": 70},
                "for": 2 * MINUTES,
            }
        ],
    },
    {
        "name": "Pressure out of range",
        "type": "water-heater",
        "description": "Too low: a leak or a closed inlet. Too high: the safety valve or the expansion vessel.",
        "levels": [
            {
                "severity": "high",
                "when": {"metric": "pressure", "is": "outside", "low": 0.5, "high": 5},
                "for": 2 * MINUTES,
                "clear_for": 5 * MINUTES,
            }
        ],
    },
    {
        "name": "Battery low",
        "type": "environment-sensor",
        "description": "Change or charge the cell.",
        "levels": [
            {
                "severity": "medium",
                "when": {"metric": "battery", "is": "<", "value": 3.4},
                "clear": {"metric": "battery", "is": ">", "value": 3.6},
                "readings": 3,
            }
        ],
    },
)


def ensure_shipped_rules() -> None:
    """Create those that no rule of all projects with their name stands for, where their type is there; enabled."""
    types = {device_type.slug: device_type for device_type in DeviceType.objects.all()}
    for shipped in SHIPPED_RULES:
        fields = {key: value for key, value in shipped.items() if key not in {"name", "type"}}
        slug = shipped.get("type")
        if slug is None or slug in types:
            AlertRule.objects.get_or_create(
                name=shipped["name"],
                project=None,
                defaults={**fields, "device_type": types.get(slug or ""), "is_enabled": True},
            )
