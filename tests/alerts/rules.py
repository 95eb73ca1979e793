"""Rules for tests."""

from typing import Any

from alerts.models import AlertRule
from devices.models import Device

HOT: dict[str, Any] = {"metric": "temperature", "is": ">", "value": 80}
COOL: dict[str, Any] = {"metric": "temperature", "is": "<", "value": 70}


def rule_for(device: Device, *levels: dict[str, Any], **fields: Any) -> AlertRule:
    """An enabled rule of the device's project about it: high when HOT, unless levels say otherwise."""
    said = [{"severity": "high", "when": HOT, **level} for level in levels or ({},)]
    about = fields.pop("about", device)
    usual = {"name": "Too hot", "project": device.project, "device": about, "levels": said, "is_enabled": True}
    return AlertRule.objects.create(**{**usual, **fields})
