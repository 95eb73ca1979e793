"""The kinds of widgets: what each can be set to, and how large it may be. What draws them is in static/js/boards/."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iotsphere.boards.fields import (
    Choice,
    CommandName,
    DeviceRef,
    Field,
    MetricKey,
    MetricKeys,
    Number,
    Params,
    ProjectRef,
    Scalar,
    Series,
    SettingKey,
    Text,
    TypeSlug,
    Unfit,
)

Json = dict[str, Any]
Size = tuple[int, int]

RANGES = (("1h", "Last hour"), ("6h", "6 hours"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"))
AGGREGATES = (
    ("avg", "Average"),
    ("min", "Lowest"),
    ("max", "Highest"),
    ("sum", "Sum"),
    ("last", "Last"),
    ("delta", "Increase"),
)
STYLES = (("line", "Line"), ("area", "Area"), ("bar", "Bars"))
SEVERITIES = (("low", "All"), ("medium", "Medium and worse"), ("high", "High and worse"), ("critical", "Critical"))

DEVICE = DeviceRef("device", "Device", required=True)
METRIC = MetricKey("metric", "Metric", required=True)
PROJECT = ProjectRef("project", "Project", hint="Empty: all you can see")
OF_DEVICES: tuple[Field, ...] = (
    PROJECT,
    TypeSlug("type", "Type", hint="Empty: all types"),
    Text("label", "Label", hint="Empty: with any labels or none"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    label: str
    icon: str
    about: str
    size: Size
    least: Size
    fields: tuple[Field, ...]
    check: Callable[[Json], Mapping[str, str]] = lambda _settings: {}

    def read(self, settings: Mapping[str, Any]) -> tuple[Json, dict[str, str]]:
        """The settings as they are kept, and what is wrong by the name of each."""
        known = {field.name: field for field in self.fields}
        unknown = f"There is no such setting. There are: {', '.join(known)}."
        wrong = {name: unknown for name in settings if name not in known}
        read: Json = {}
        for name, field in known.items():
            value = settings.get(name)
            if value is None or value == "":
                if field.required:
                    wrong[name] = "It is needed."
                continue
            try:
                read[name] = field.read(value)
            except Unfit as error:
                wrong[name] = str(error)
        return read, wrong or dict(self.check(read))

    def described(self) -> Json:
        return {
            "label": self.label,
            "icon": self.icon,
            "about": self.about,
            "size": self.size,
            "least": self.least,
            "fields": [field.described() for field in self.fields],
        }


def _low_is_below_high(settings: Json) -> dict[str, str]:
    low, high = settings.get("minimum"), settings.get("maximum")
    is_upside_down = low is not None and high is not None and low >= high
    return {"maximum": "It must be above the lower end."} if is_upside_down else {}


def _on_is_not_off(settings: Json) -> dict[str, str]:
    is_one = settings.get("on", True) == settings.get("off", False)
    return {"off": "It must be something else than what is on."} if is_one else {}


KINDS: Mapping[str, Kind] = {
    "value": Kind("Value", "hash", "One value, large", (3, 3), (2, 2), (DEVICE, METRIC)),
    "sparkline": Kind(
        "Sparkline", "activity", "One value and its last hour", (3, 3), (2, 2),
        (DEVICE, METRIC, Choice("range", "Range", choices=RANGES[:3], default="1h")),
    ),
    "gauge": Kind(
        "Gauge", "gauge", "One value between its ends", (3, 4), (2, 3),
        (
            DEVICE,
            METRIC,
            Number("minimum", "Lower end", hint="Empty: as the device's type says"),
            Number("maximum", "Upper end", hint="Empty: as the device's type says"),
        ),
        _low_is_below_high,
    ),
    "chart": Kind(
        "Chart", "chart-line", "Metrics over time as lines, areas or bars", (6, 5), (3, 3),
        (
            Choice("style", "Drawn as", choices=STYLES, default="line"),
            Series("series", "Series", required=True),
            Choice("range", "Range", choices=RANGES, default="24h"),
            Choice("agg", "Points say", choices=AGGREGATES, default="avg"),
        ),
    ),
    "status": Kind("Status", "heart-pulse", "Whether a device is there", (3, 2), (2, 2), (DEVICE,)),
    "presence": Kind(
        "Devices by presence", "radio-tower", "How many are online, stale, offline", (4, 2), (3, 2), OF_DEVICES,
    ),
    "alerts": Kind(
        "Alerts", "bell", "What is wrong now", (4, 5), (3, 3),
        (
            PROJECT,
            Choice("severity", "Severity", choices=SEVERITIES, default="low"),
            Number("limit", "At most", low=1, high=20, whole=True, default=8),
        ),
    ),
    "map": Kind("Map", "map", "Where devices are", (6, 6), (3, 4), OF_DEVICES),
    "table": Kind(
        "Table", "table", "Devices with some of their values", (6, 5), (3, 3),
        (
            *OF_DEVICES,
            MetricKeys("metrics", "Metrics", hint="Empty: the most important ones of each"),
            Number("limit", "Rows at most", low=1, high=50, whole=True, default=12),
        ),
    ),
    "button": Kind(
        "Command button", "square-mouse-pointer", "Sends a command", (3, 2), (2, 2),
        (
            DEVICE,
            CommandName("command", "Command", required=True),
            Params("params", "Parameters"),
        ),
    ),
    "switch": Kind(
        "Switch", "toggle-right", "Sets a setting to one of two values", (3, 2), (2, 2),
        (
            DEVICE,
            SettingKey("setting", "Setting", required=True),
            Scalar("on", "When on", hint="Empty: yes"),
            Scalar("off", "When off", hint="Empty: no"),
        ),
        _on_is_not_off,
    ),
    "slider": Kind(
        "Slider", "sliders-horizontal", "Sets a setting that is a number", (4, 2), (3, 2),
        (DEVICE, SettingKey("setting", "Setting", required=True, of="number")),
    ),
    "text": Kind(
        "Text", "text", "Words, with **bold**, *italic*, lists and links", (4, 2), (1, 1),
        (Text("text", "Text", required=True, most=5000, long=True),),
    ),
}  # fmt: skip


def devices_in(settings: Mapping[str, Any]) -> set[str]:
    """The devices that a widget with these settings is about."""
    named = {settings["device"]} if "device" in settings else set()
    return named | {line["device"] for line in settings.get("series", ())}


def project_in(settings: Mapping[str, Any]) -> str | None:
    return settings.get("project")
