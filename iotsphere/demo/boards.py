"""The demo's dashboards: a wall for the whole fleet, and the two water heaters side by side."""

from typing import Any

from devices.models import Project
from iotsphere.models import Dashboard
from telemetry.agent.links import default_device_id

SENSORS = ("ESP32_SIM_01", "ESP32_SIM_02", "ESP32_SIM_03")
HEATERS = ("WH_DEMO_01", "WH_DEMO_02")

Json = dict[str, Any]


def ensure_dashboards(project: Project) -> None:
    """Shared with the project. One that somebody has changed, or deleted, is left alone."""
    for name, widgets in {"Fleet wall": fleet_wall(project.slug), "Water heaters": water_heaters()}.items():
        if not Dashboard.objects.filter(name=name, project=project).exists():
            Dashboard.objects.create(name=name, project=project, widgets=_numbered(widgets))


def fleet_wall(project: str) -> list[Json]:
    return [
        _widget("presence", (0, 0, 6, 3), {"project": project}),
        _widget("value", (6, 0, 2, 3), _metric("ESP32_SIM_01", "temperature"), "Greenhouse"),
        _widget("value", (8, 0, 2, 3), _metric("ESP32_SIM_02", "temperature"), "Outside"),
        _widget("value", (10, 0, 2, 3), _metric("ESP32_SIM_03", "temperature"), "Wine cellar"),
        _widget("map", (0, 3, 4, 7), {"project": project}, "Where they are"),
        _widget("alerts", (4, 3, 4, 7), {"project": project, "limit": 8}, "What is wrong"),
        _widget(
            "chart", (8, 3, 4, 7),
            {"series": [_metric(sensor, "temperature") for sensor in SENSORS], "range": "24h"}, "Temperatures today",
        ),
        _widget(
            "table", (0, 10, 6, 6),
            {"project": project, "type": "water-heater", "metrics": ["temperature", "pressure", "status"]}, "Heaters",
        ),
        _widget("gauge", (6, 10, 3, 5), _metric(default_device_id(), "cpu"), "This server"),
        _widget("gauge", (9, 10, 3, 5), _metric(default_device_id(), "memory"), "Its memory"),
        _widget("text", (6, 15, 6, 1), {"text": "What is **red** first, then [all alerts](/alerts/)."}),
    ]  # fmt: skip


def water_heaters() -> list[Json]:
    return [widget for left, heater in zip((0, 6), HEATERS, strict=True) for widget in _heater(heater, left)] + [
        _widget(
            "chart", (0, 14, 12, 5),
            {
                "series": [_metric(heater, "energy") for heater in HEATERS],
                "range": "7d", "agg": "delta", "style": "bar",
            },
            "Energy of the week",
        ),
    ]  # fmt: skip


def _heater(heater: str, left: int) -> list[Json]:
    return [
        _widget("gauge", (left, 0, 3, 5), _metric(heater, "temperature")),
        _widget("status", (left + 3, 0, 3, 2), {"device": heater}),
        _widget("sparkline", (left + 3, 2, 3, 3), {**_metric(heater, "pressure"), "range": "1h"}),
        _widget(
            "chart", (left, 5, 6, 5),
            {"series": [_metric(heater, "temperature"), _metric(heater, "target_temperature")], "range": "24h"},
            "Actual and target",
        ),
        _widget("slider", (left, 10, 6, 2), {"device": heater, "setting": "target_temperature"}),
        _widget(
            "switch", (left, 12, 3, 2),
            {"device": heater, "setting": "mode", "on": "eco", "off": "standard"}, "Eco mode",
        ),
        _widget("button", (left + 3, 12, 3, 2), {"device": heater, "command": "boost", "params": {"minutes": 60}}),
    ]  # fmt: skip


def _metric(device: str, key: str) -> Json:
    return {"device": device, "metric": key}


def _widget(kind: str, place: tuple[int, int, int, int], settings: Json, title: str = "") -> Json:
    x, y, w, h = place
    return {"kind": kind, "x": x, "y": y, "w": w, "h": h, "title": title, "settings": settings}


def _numbered(widgets: list[Json]) -> list[Json]:
    return [{"id": f"w{number}", **widget} for number, widget in enumerate(widgets, 1)]
