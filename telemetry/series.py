"""Devices and their metrics as ingest needs them, remembered for a few seconds in each process.

Nothing is stored for a metric that is gone meanwhile: ingest holds the metrics of a batch before it stores
(telemetry.latest). An unknown device is looked up each time and known as soon as it is registered.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Coalesce
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver

from devices.models import (
    Device,
    DeviceType,
    Lifecycle,
    MetricDefinition,
    MetricKind,
    Project,
    RetentionClass,
    ValueType,
)
from telemetry.decode import Value
from telemetry.models import Metric
from telemetry.remembered import Remembered

MAX_SENDERS = 20_000
MAX_METRICS = 256
FOR_EVER = 500_000  # days; further back the calendar ends

TYPE_OF = {float: ValueType.NUMBER, bool: ValueType.BOOLEAN, str: ValueType.TEXT}


@dataclass(slots=True, eq=False)
class Series:
    metric_id: int
    type: type[float] | type[bool] | type[str]


@dataclass(slots=True, eq=False)
class Sender:
    """A registered device."""

    pk: int
    device_id: str
    project_id: int
    parent_id: int | None
    device_type_id: int | None
    active: bool
    keeps: timedelta
    series: dict[str, Series] = field(default_factory=dict)


@receiver([post_save, post_delete], sender=Device)
@receiver([post_save, post_delete], sender=Metric)
@receiver([post_save, post_delete], sender=Project)
@receiver([post_save, post_delete], sender=DeviceType)
@receiver([post_save, post_delete], sender=RetentionClass)
def forget(**_: object) -> None:
    """Look everything up anew."""
    _senders.forget()


def find_senders(device_ids: Collection[str]) -> dict[str, Sender]:
    """The registered ones among `device_ids`."""
    return _senders.find(device_ids)


@receiver(pre_delete, sender=Metric)
@receiver(pre_delete, sender=Device)
def wait_for_ingest(sender: type[Metric] | type[Device], instance: Metric | Device, **_: object) -> None:
    """Lock what is to be deleted before anything of it is: what ingest is about to commit must not stay behind.

    Django announces a device's metrics before the device, both in the order of their keys, as ingest holds them
    (telemetry.latest.hold).
    """
    sender._default_manager.select_for_update().filter(pk=instance.pk).first()


def add_series(wanted: Mapping[tuple[str, str], tuple[Sender, Value]]) -> None:
    """Give senders the metrics they send for the first time, as many as they have room for (MAX_METRICS).

    A metric takes after its definition in the device's type, or that of what it is a part of (`disk` for `disk.home`),
    else after its first value.
    """
    definitions = _definitions({sender.device_type_id for sender, _ in wanted.values()})
    senders = {sender.pk: sender for sender, _ in wanted.values()}
    room = {sender.pk: MAX_METRICS - len(sender.series) for sender in senders.values()}
    metrics = []
    for (_, key), (sender, value) in sorted(wanted.items(), key=lambda item: item[0]):
        if room[sender.pk] > 0:
            room[sender.pk] -= 1
            of_whole = definitions.get((sender.device_type_id, key.partition(".")[0]))
            metrics.append(_metric(sender, key, value, definitions.get((sender.device_type_id, key)), of_whole))
    if metrics:
        with transaction.atomic():
            # Another process may be at the same: who comes first is right. In order, so that none waits in a circle.
            Metric.objects.bulk_create(metrics, ignore_conflicts=True)
        _read_series(senders)


def _read(device_ids: Collection[str]) -> dict[str, Sender]:
    devices = Device.objects.filter(device_id__in=device_ids).order_by()
    raw_days = Coalesce("device_type__retention_class__raw_days", "project__retention_class__raw_days")
    # Values: models of a thousand devices would keep what the next of them send waiting.
    rows = devices.values_list("pk", "device_id", "project_id", "parent_id", "device_type_id", "lifecycle", raw_days)
    senders = {
        pk: Sender(
            pk=pk,
            device_id=device_id,
            project_id=project_id,
            parent_id=parent_id,
            device_type_id=device_type_id,
            active=lifecycle == Lifecycle.ACTIVE,
            keeps=timedelta(days=min(days, FOR_EVER)),
        )
        for pk, device_id, project_id, parent_id, device_type_id, lifecycle, days in rows
    }
    _read_series(senders)
    return {sender.device_id: sender for sender in senders.values()}


_senders = Remembered(_read, MAX_SENDERS)


def _read_series(senders: Mapping[int, Sender]) -> None:
    types = {value_type: python_type for python_type, value_type in TYPE_OF.items()}
    metrics = Metric.objects.filter(device__in=senders).order_by().values_list("device_id", "pk", "key", "value_type")
    for device_pk, pk, key, value_type in metrics:
        senders[device_pk].series[key] = Series(pk, types[ValueType(value_type)])


def _definitions(device_types: Iterable[int | None]) -> dict[tuple[int | None, str], MetricDefinition]:
    definitions = MetricDefinition.objects.filter(device_type__in=[pk for pk in device_types if pk is not None])
    return {(definition.device_type_id, definition.key): definition for definition in definitions}


def _metric(
    sender: Sender, key: str, value: Value, definition: MetricDefinition | None, of_whole: MetricDefinition | None
) -> Metric:
    value_type = TYPE_OF[type(value)]
    if definition is None:
        label = key.replace("_", " ").replace(".", " ").strip().capitalize() or key
        if of_whole is not None and of_whole.value_type == value_type:
            unit, kind = of_whole.unit, of_whole.kind
        else:
            unit, kind = "", MetricKind.MEASUREMENT
        return Metric(device_id=sender.pk, key=key, label=label, unit=unit, value_type=value_type, kind=kind)
    return Metric(
        device_id=sender.pk,
        key=key,
        label=definition.label,
        unit=definition.unit,
        value_type=definition.value_type,
        kind=definition.kind,
    )
