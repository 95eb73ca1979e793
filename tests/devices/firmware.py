"""A campaign, and devices that say how it goes with them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from devices.command_states import CommandStatus
from devices.commands import Reply, hand_over, reply
from devices.firmware import rollout
from devices.firmware.rollout import Rules
from devices.models import Command, Device, FirmwareCampaign, FirmwarePackage, FirmwareUpdate, Way
from devices.twin import report

SOAK = timedelta(minutes=10)


def begin(package: FirmwarePackage, devices: Sequence[Device], **rules: Any) -> FirmwareCampaign:
    """One device first, then the rest, unless told otherwise."""
    return rollout.start(None, package, "all", devices, Rules(**{"waves": ["1", "rest"], "soak": SOAK, **rules}))[0]


def says(device: Device, state: str, version: str = "1.0.0", **more: Any) -> None:
    """The device reports, and the portal looks."""
    report(device, {"firmware": {"state": state, "version": version, **more}})
    rollout.work_off()


def fetch(device: Device) -> Command:
    [command] = hand_over(device, Way.HTTP)
    return command


def answers(device: Device, status: str, reason: str = "") -> None:
    """The device replies to the command, and the portal looks."""
    reply(device, str(device.commands.latest("created_at").pk), Reply(CommandStatus(status), reason=reason))
    rollout.work_off()


def update_of(device: Device) -> FirmwareUpdate:
    return FirmwareUpdate.objects.select_related("campaign").get(device=device)


def statuses(campaign: FirmwareCampaign) -> list[str]:
    return list(campaign.updates.order_by("wave", "pk").values_list("status", flat=True))


def later(**span: float) -> datetime:
    return timezone.now() + timedelta(**span)
