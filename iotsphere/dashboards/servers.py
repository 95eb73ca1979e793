"""The servers: how each of them is, what is broken first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.worst import worst_of
from devices.models import Device
from telemetry.values import Shown, with_metrics

USAGE = ("cpu", "memory", "disk", "load")
UPTIME = "uptime"


@dataclass(frozen=True, slots=True)
class Server:
    device: Device
    usage: list[Shown]
    severity: str  # of its worst open alert
    started: datetime | None


def servers(devices: Iterable[Device]) -> list[Server]:
    """The devices with what their agents report; three queries however many they are."""
    found = []
    reported = with_metrics(devices)
    worst = worst_of(device.pk for device, _ in reported)
    for device, metrics in reported:
        by_key = {metric.key: metric for metric in metrics}
        usage = [by_key[key] for key in USAGE if key in by_key]
        found.append(Server(device, usage, worst.get(device.pk, ""), _started(by_key.get(UPTIME))))
    return found


def _started(uptime: Shown | None) -> datetime | None:
    if uptime is None or uptime.time is None or not isinstance(uptime.latest, int | float):
        return None
    try:
        return uptime.time - timedelta(seconds=uptime.latest)
    except OverflowError:  # it is the agent's word, and anybody's who has its key
        return None
