"""The device types a new portal knows. They are data: an administrator may change or delete them afterwards."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from devices.models import CommandType, DeviceType, MetricDefinition, MetricKind, ValueType, Widget


def _settings(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


IDENTIFY: Mapping[str, Any] = {
    "name": "identify",
    "label": "Identify",
    "description": "Blinks for a minute, so that it can be found.",
    "timeout": timedelta(seconds=15),
    "expires_after": timedelta(minutes=10),
}
REBOOT: Mapping[str, Any] = {
    "name": "reboot",
    "label": "Reboot",
    "description": "Starts its controller again. It is away for some seconds; what it is set to stays.",
    "timeout": timedelta(minutes=2),
    "expires_after": timedelta(minutes=10),
    "needs_confirmation": True,
    "is_destructive": True,
}

WATER_HEATER: Mapping[str, Any] = {
    "slug": "water-heater",
    "name": "Water heater",
    "description": "An electric storage heater with a thermostat, a flow meter and an energy counter.",
    "icon": "heater",
    "expected_interval": timedelta(seconds=30),
    "metrics": [
        {
            "key": "temperature", "label": "Water temperature", "unit": "°C", "minimum": 0, "maximum": 80,
            "widget": Widget.GAUGE, "headline": True, "chart": "temperature",
        },
        {
            "key": "target_temperature", "label": "Target temperature", "unit": "°C", "minimum": 0, "maximum": 80,
            "chart": "temperature",
        },
        {
            "key": "pressure", "label": "Pressure", "unit": "bar", "minimum": 0, "maximum": 6, "precision": 2,
            "widget": Widget.GAUGE, "chart": "pressure",
        },
        {
            "key": "flow_rate", "label": "Flow rate", "unit": "L/min", "minimum": 0, "maximum": 15,
            "widget": Widget.GAUGE, "chart": "flow",
        },
        {
            "key": "energy", "label": "Energy", "unit": "kWh", "kind": MetricKind.TOTAL_INCREASING,
            "chart": "energy",
        },
        {"key": "mode", "label": "Mode", "value_type": ValueType.TEXT},
        {"key": "status", "label": "Status", "value_type": ValueType.TEXT, "headline": True},
        {"key": "anode", "label": "Anode left", "unit": "%", "minimum": 0, "maximum": 100, "chart": "anode"},
    ],
    "settings_schema": _settings(
        target_temperature={
            "title": "Target temperature", "description": "°C", "type": "number",
            "minimum": 30, "maximum": 75, "multipleOf": 0.5,
        },
        mode={"title": "Mode", "type": "string", "enum": ["standard", "eco", "boost", "vacation", "off"]},
    ),
    "commands": [
        {
            "name": "boost",
            "label": "Boost",
            "description": "Heats to 65 °C for a while, whatever the mode.",
            "params_schema": {
                **_settings(
                    minutes={"title": "Minutes", "type": "integer", "minimum": 5, "maximum": 240, "default": 60}
                ),
                "required": ["minutes"],
            },
            "expires_after": timedelta(minutes=30),
        },
        IDENTIFY,
        REBOOT,
    ],
}  # fmt: skip

ENVIRONMENT_SENSOR: Mapping[str, Any] = {
    "slug": "environment-sensor",
    "name": "Environment sensor",
    "description": "An ESP32 that measures temperature and humidity on a lithium cell.",
    "icon": "thermometer",
    "expected_interval": timedelta(seconds=60),
    "metrics": [
        {
            "key": "temperature", "label": "Temperature", "unit": "°C", "minimum": -20, "maximum": 50,
            "widget": Widget.GAUGE, "headline": True, "chart": "temperature",
        },
        {
            "key": "humidity", "label": "Humidity", "unit": "%", "minimum": 0, "maximum": 100,
            "widget": Widget.GAUGE, "headline": True, "chart": "humidity",
        },
        {
            "key": "battery", "label": "Battery", "unit": "V", "minimum": 3, "maximum": 4.2, "precision": 2,
            "widget": Widget.GAUGE, "chart": "battery",
        },
    ],
    "settings_schema": _settings(
        led={"title": "Status light", "type": "boolean"},
    ),
    "commands": [
        IDENTIFY,
        {
            "name": "set_interval",
            "label": "Set interval",
            "description": "How often it measures and sends. More often costs battery.",
            "params_schema": {
                **_settings(
                    seconds={"title": "Seconds", "type": "integer", "minimum": 1, "maximum": 3600, "default": 60}
                ),
                "required": ["seconds"],
            },
        },
        REBOOT,
    ],
}  # fmt: skip

SERVER: Mapping[str, Any] = {
    "slug": "server",
    "name": "Server",
    "description": "A computer whose agent reports its load once a minute.",
    "icon": "server",
    "expected_interval": timedelta(seconds=60),
    "metrics": [
        {
            "key": "cpu", "label": "Processor", "unit": "%", "minimum": 0, "maximum": 100,
            "widget": Widget.GAUGE, "headline": True, "chart": "usage",
        },
        {
            "key": "memory", "label": "Memory", "unit": "%", "minimum": 0, "maximum": 100,
            "widget": Widget.GAUGE, "headline": True, "chart": "usage",
        },
        {
            "key": "disk", "label": "Fullest disk", "unit": "%", "minimum": 0, "maximum": 100,
            "widget": Widget.GAUGE, "chart": "disk",
        },
        {"key": "load", "label": "Load", "precision": 2, "chart": "load"},
        {"key": "network_in", "label": "Network in", "unit": "B/s", "precision": 0, "chart": "network"},
        {"key": "network_out", "label": "Network out", "unit": "B/s", "precision": 0, "chart": "network"},
        {"key": "top_cpu", "label": "Busiest processes", "value_type": ValueType.TEXT},
        {"key": "top_memory", "label": "Largest processes", "value_type": ValueType.TEXT},
        {"key": "uptime", "label": "Uptime", "unit": "s", "precision": 0, "widget": Widget.HIDDEN},
        {
            "key": "agent.dropped", "label": "Readings dropped by the agent", "precision": 0,
            "kind": MetricKind.TOTAL_INCREASING, "widget": Widget.HIDDEN,
        },
    ],
}  # fmt: skip

SHIPPED_TYPES = (WATER_HEATER, ENVIRONMENT_SENSOR, SERVER)


def ensure_shipped_types() -> None:
    """Create those that no type with their slug stands for; what was changed stays changed."""
    for shipped in SHIPPED_TYPES:
        fields = {key: value for key, value in shipped.items() if key not in {"slug", "metrics", "commands"}}
        device_type, is_new = DeviceType.objects.get_or_create(slug=shipped["slug"], defaults=fields)
        if is_new:
            MetricDefinition.objects.bulk_create(
                MetricDefinition(device_type=device_type, position=position, **metric)
                for position, metric in enumerate(shipped["metrics"])
            )
            CommandType.objects.bulk_create(
                CommandType(device_type=device_type, position=position, **command)
                for position, command in enumerate(shipped.get("commands", ()))
            )
