"""Rules for tests."""

from typing import Any

from alerts.models import Alert, AlertRule
from devices.models import Device, Project
from tests.factories import NOON, DeviceFactory

HOT: dict[str, Any] = {"metric": "temperature", "is": ">", "value": 80}
COOL: dict[str, Any] = {"metric": "temperature", "is": "<", "value": 70}


def rule_for(device: Device, *levels: dict[str, Any], **fields: Any) -> AlertRule:
    """An enabled rule of the device's project about it: high when HOT, unless levels say otherwise."""
    said = [{"severity": "high", "when": HOT, **level} for level in levels or ({},)]
    about = fields.pop("about", device)
    usual = {"name": "Too hot", "project": device.project, "device": about, "levels": said, "is_enabled": True}
    return AlertRule.objects.create(**{**usual, **fields})


def alert_of(project: Project, **fields: Any) -> Alert:
    """An open alert of a device of its own."""
    device = fields.pop("device", None) or DeviceFactory.create(project=project)
    usual = {
        "rule": None,
        "rule_name": "Too hot",
        "rule_revision": 1,
        "device": device,
        "project": project,
        "severity": "high",
        "worst_severity": "high",
        "message": f"{device}: too hot",
        "event_time": NOON,
        "received_at": NOON,
    }
    return Alert.objects.create(**{**usual, **fields})
