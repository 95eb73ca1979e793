"""Commands and twins, as pages are told of them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone

from devices.command_states import OPEN
from devices.models import Command, Twin
from devices.signals import commands_changed, twin_changed
from telemetry.live.events import DeviceChange, LiveCommand, LiveTwin
from telemetry.live.stream import push

RECENT = timedelta(days=1)
MOST_OF_A_DEVICE = 10
MOST_IN_A_STATE = 5_000

OF_COMMANDS = (
    "pk", "name", "label", "params", "status", "created_by__username", "created_at", "changed_at", "expires_at",
    "reason",
)  # fmt: skip
OF_TWINS = ("version", "desired", "reported", "pending", "desired_at", "reported_at")


def recent_commands(devices: Sequence[int]) -> dict[int, dict[str, LiveCommand]]:
    """By device: those that have not ended, and those of late, newest first."""
    commands = Command.objects.filter(device__in=devices).filter(
        Q(status__in=OPEN) | Q(created_at__gte=timezone.now() - RECENT)
    )
    found: dict[int, dict[str, LiveCommand]] = defaultdict(dict)
    rows = commands.order_by("-created_at", "-pk").values_list("device", *OF_COMMANDS)
    for device, *values in rows[:MOST_IN_A_STATE]:
        if len(found[device]) < MOST_OF_A_DEVICE:
            found[device][str(values[0])] = _command(values)
    return found


def twins(devices: Sequence[int]) -> dict[int, LiveTwin]:
    """By device, of those that have one."""
    rows = Twin.objects.filter(device__in=devices).order_by().values_list("device", *OF_TWINS)
    return {device: _twin(values) for device, *values in rows}


@receiver(commands_changed)
def push_commands(pks: Sequence[UUID], **_: Any) -> None:
    # Looked up now, not told by who changed them: what is pushed last is then never older than what came before.
    rows = Command.objects.filter(pk__in=pks).order_by()
    changes: dict[str, DeviceChange] = {}
    for device_id, project, *values in rows.values_list("device__device_id", "device__project", *OF_COMMANDS):
        change = changes.setdefault(device_id, {"project": project, "commands": {}})
        change["commands"][str(values[0])] = _command(values)
    push(changes)


@receiver(twin_changed)
def push_twin(pk: int, **_: Any) -> None:
    rows = Twin.objects.filter(pk=pk).values_list("device__device_id", "device__project", *OF_TWINS)
    push({device_id: {"project": project, "twin": _twin(values)} for device_id, project, *values in rows})


def _command(values: Sequence[Any]) -> LiveCommand:
    _, name, label, params, status, by, created_at, changed_at, expires_at, reason = values
    return {
        "name": name,
        "label": label,
        "params": params,
        "status": status,
        "by": by,
        "created_at": created_at,
        "changed_at": changed_at,
        "expires_at": expires_at,
        "reason": reason,
    }


def _twin(values: Sequence[Any]) -> LiveTwin:
    version, desired, reported, pending, desired_at, reported_at = values
    return {
        "version": version,
        "desired": desired,
        "reported": reported,
        "pending": pending,
        "desired_at": desired_at,
        "reported_at": reported_at,
    }
