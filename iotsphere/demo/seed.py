"""Bring the demo into the database: its project and devices, and the past they never had."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import transaction

from devices.models import (
    Command,
    Device,
    DeviceType,
    Presence,
    PresenceSpan,
    Project,
    Provisioning,
    RetentionClass,
    Twin,
)
from devices.presence import note_messages, offline_after
from devices.shipped_types import ensure_shipped_types
from iotsphere.demo.fleet import FLEET, ZONE
from iotsphere.demo.past import Past
from iotsphere.simulator.columns import Value
from telemetry.agent.links import default_device_id
from telemetry.latest import note_latest
from telemetry.models import LedgerHour, Metric, Reading, RejectedMessage, RejectionCount
from telemetry.series import Series, add_series, find_senders
from telemetry.store import Row, write_readings

PROJECT = "demo"
RAW_DAYS = 730
# Longer than between two messages of the past, which is kept by five minutes.
A_GAP = timedelta(minutes=10)


def ensure_project() -> Project:
    """The demo's project. It takes unknown devices, unless another project does."""
    taken = Project.objects.filter(provisioning=Provisioning.OPEN).exclude(slug=PROJECT).exists()
    retention, _ = RetentionClass.objects.get_or_create(
        name="Demonstration", defaults={"raw_days": RAW_DAYS, "five_minute_days": RAW_DAYS, "hourly_days": 2 * RAW_DAYS}
    )
    project, _ = Project.objects.get_or_create(
        slug=PROJECT,
        defaults={
            "name": "Demo",
            "time_zone": ZONE,
            "retention_class": retention,
            "provisioning": Provisioning.CLOSED if taken else Provisioning.OPEN,
        },
    )
    return project


def ensure_devices(project: Project) -> list[Device]:
    """The demo's devices, registered; one that had registered itself is given its name and type."""
    ensure_shipped_types()
    types = {device_type.slug: device_type for device_type in DeviceType.objects.all()}
    devices = [
        _ensure_device(
            device.device_id,
            name=device.name,
            project=project,
            device_type=types[device.type_slug],
            location=device.location,
            latitude=device.position[0],
            longitude=device.position[1],
            labels=device.labels,
        )
        for device in FLEET
    ]
    this_server = _ensure_device(
        default_device_id(),
        name="This server",
        project=project,
        device_type=types["server"],
        hostname=socket.gethostname(),
        labels=["infrastructure"],
    )
    return [*devices, this_server]


def has_past(device: Device, now: datetime) -> bool:
    """Whether it reported before yesterday: what it then has needs no inventing."""
    return Reading.objects.filter(metric__device=device, time__lt=now - timedelta(days=1)).exists()


@transaction.atomic
def write_past(device: Device, past: Past, *, progress: Callable[[int], object] = lambda _: None) -> None:
    """Give the device its past, all of it or nothing; `progress` is called with the readings written since."""
    times = [datetime.fromtimestamp(moment, UTC) for moment in past.moments.tolist()]
    newest = []
    for key, series in _series(device, past).items():
        rows = _rows(series, times, past.columns[key].tolist())
        write_readings(rows)
        newest.append(rows[-1])
        progress(len(rows))
    note_latest(newest)
    _write_presence(device, times)
    note_messages({device.pk: times[-1]})


@transaction.atomic
def forget_data(project: Project) -> int:
    """Delete what the project's devices have sent, and the devices that are no part of the demo: how many readings."""
    PresenceSpan.objects.filter(device__project=project).delete()
    senders = list(project.devices.values_list("device_id", flat=True))
    deleted, _ = Reading.objects.filter(metric__device__project=project).delete()
    Metric.objects.filter(device__project=project).delete()
    Command.objects.filter(device__project=project).delete()
    Twin.objects.filter(device__project=project).delete()
    for book in (LedgerHour, RejectionCount, RejectedMessage):
        book.objects.filter(sender__in=senders).delete()
    project.devices.exclude(device_id__in=[*(device.device_id for device in FLEET), default_device_id()]).delete()
    return deleted


def _ensure_device(device_id: str, **fields: Any) -> Device:
    device, is_new = Device.objects.get_or_create(device_id=device_id, defaults=fields)
    if not is_new and device.name == device_id and device.project == fields["project"]:
        for name, value in fields.items():
            setattr(device, name, value)
        device.save()
    return device


def _series(device: Device, past: Past) -> dict[str, Series]:
    """The device's metrics by key, made as the first message would have made them."""
    sender = find_senders([device.device_id])[device.device_id]
    firsts = {key: values[0].item() for key, values in past.columns.items() if key not in sender.series}
    add_series({(device.device_id, key): (sender, value) for key, value in firsts.items()})
    return {key: sender.series[key] for key in past.columns}


def _write_presence(device: Device, times: list[datetime]) -> None:
    """As it would have been noted: there from the first message on, and gone in the gaps."""
    patience = offline_after(device.expected_interval)
    spans = [(Presence.ONLINE, times[0])]
    for before, after in pairwise(times):
        if after - before > max(patience, A_GAP):
            spans += [(Presence.OFFLINE, before + patience), (Presence.ONLINE, after)]
    PresenceSpan.objects.bulk_create(
        PresenceSpan(device=device, presence=presence, since=since) for presence, since in spans
    )


def _rows(series: Series, times: list[datetime], values: list[Value]) -> list[Row]:
    if series.type is str:
        return [Row(series.metric_id, time, None, str(text)) for time, text in zip(times, values, strict=True)]
    return [Row(series.metric_id, time, float(value), None) for time, value in zip(times, values, strict=True)]
