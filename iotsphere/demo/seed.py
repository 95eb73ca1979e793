"""Bring the demo into the database: its project and devices, and the past they never had."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from django.db import transaction

from devices.models import Device, DeviceType, MetricDefinition, Project, Provisioning, RetentionClass, ValueType
from devices.shipped_types import ensure_shipped_types
from iotsphere.demo.fleet import FLEET, ZONE
from iotsphere.demo.past import Past
from telemetry.agent import default_device_id
from telemetry.models import LedgerHour, Metric, Reading, RejectionCount
from telemetry.store import write_readings

PROJECT = "demo"
RAW_DAYS = 730

Row: TypeAlias = tuple[int, datetime, float | None, str | None]


def ensure_project() -> Project:
    """The demo's project. It takes unknown devices, unless another project does."""
    taken = Project.objects.filter(provisioning=Provisioning.OPEN).exclude(slug=PROJECT).exists()
    retention, _ = RetentionClass.objects.get_or_create(name="Demonstration", defaults={"raw_days": RAW_DAYS})
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
    metrics = _ensure_metrics(device, past)
    times = [datetime.fromtimestamp(moment, UTC) for moment in past.moments.tolist()]
    for metric in metrics:
        write_readings(_rows(metric, times, past))
        progress(len(times))
        if metric.last_time is None or metric.last_time < times[-1]:
            last = past.columns[metric.key][-1].item()
            metric.last_time = times[-1]
            metric.last_value, metric.last_text = (None, last) if isinstance(last, str) else (last, "")
    Metric.objects.bulk_update(metrics, ["last_time", "last_value", "last_text"])


@transaction.atomic
def forget_data(project: Project) -> int:
    """Delete what the project's devices have sent, and the devices that are no part of the demo: how many readings."""
    senders = list(project.devices.values_list("device_id", flat=True))
    deleted, _ = Reading.objects.filter(metric__device__project=project).delete()
    Metric.objects.filter(device__project=project).update(last_time=None, last_value=None, last_text="")
    LedgerHour.objects.filter(sender__in=senders).delete()
    RejectionCount.objects.filter(sender__in=senders).delete()
    project.devices.exclude(device_id__in=[*(device.device_id for device in FLEET), default_device_id()]).delete()
    return deleted


def _ensure_device(device_id: str, **fields: Any) -> Device:
    device, is_new = Device.objects.get_or_create(device_id=device_id, defaults=fields)
    if not is_new and device.device_type is None and device.project == fields["project"]:
        for name, value in fields.items():
            setattr(device, name, value)
        device.save()
    return device


def _ensure_metrics(device: Device, past: Past) -> list[Metric]:
    definitions = {d.key: d for d in MetricDefinition.objects.filter(device_type=device.device_type_id)}
    return [
        Metric.objects.get_or_create(device=device, key=key, defaults=_described(key, definitions.get(key), values))[0]
        for key, values in past.columns.items()
    ]


def _described(key: str, definition: MetricDefinition | None, values: Any) -> dict[str, str]:
    if definition is None:
        value_type = ValueType.TEXT if values.dtype.kind == "U" else ValueType.NUMBER
        return {"label": key.replace("_", " ").capitalize(), "value_type": value_type}
    return {
        "label": definition.label,
        "unit": definition.unit,
        "value_type": definition.value_type,
        "kind": definition.kind,
    }


def _rows(metric: Metric, times: list[datetime], past: Past) -> Iterator[Row]:
    values = past.columns[metric.key].tolist()
    if metric.value_type == ValueType.TEXT:
        return ((metric.pk, time, None, text) for time, text in zip(times, values, strict=True))
    return ((metric.pk, time, value, None) for time, value in zip(times, values, strict=True))
