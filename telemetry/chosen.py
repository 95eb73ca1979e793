"""Which series are asked for: metrics by their keys, of devices."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError

from devices.models import Device, MetricDefinition
from telemetry.models import Metric

MAX_METRICS = 10
MAX_DEVICES = 10


def choose(devices: Sequence[Device], keys: Sequence[str]) -> list[list[Metric]]:
    """For each device its metrics with these keys, in the order asked for. ValidationError says what is not there.

    Those that a device's type defines exist before their first value, unsaved.
    """
    if not 0 < len(devices) <= MAX_DEVICES:
        raise ValidationError({"devices": f"From one to {MAX_DEVICES} devices, separated by commas."})
    wanted = list(dict.fromkeys(keys))
    if not 0 < len(wanted) <= MAX_METRICS:
        raise ValidationError({"metrics": f"From one to {MAX_METRICS} metrics, separated by commas."})
    definitions = list(MetricDefinition.objects.filter(device_type__in={device.device_type_id for device in devices}))
    by_pk = {device.pk: device for device in devices}
    known = {device.pk: _defined(device, definitions) for device in devices}
    for metric in Metric.objects.filter(device__in=by_pk).order_by():
        metric.device = by_pk[metric.device_id]
        known[metric.device_id][metric.key] = metric
    if unknown := [
        _has_no(device, wanted, known[device.pk]) for device in devices if {*wanted} - known[device.pk].keys()
    ]:
        raise ValidationError({"metrics": unknown})
    return [[known[device.pk][key] for key in wanted] for device in devices]


def _defined(device: Device, definitions: Sequence[MetricDefinition]) -> dict[str, Metric]:
    return {
        definition.key: Metric(
            device=device,
            key=definition.key,
            label=definition.label,
            unit=definition.unit,
            value_type=definition.value_type,
            kind=definition.kind,
        )
        for definition in definitions
        if definition.device_type_id == device.device_type_id
    }


def _has_no(device: Device, wanted: Sequence[str], known: dict[str, Metric]) -> str:
    unknown = ", ".join(key for key in wanted if key not in known)
    return f"{device.device_id} has no {unknown}. It has: {', '.join(sorted(known)) or 'none yet'}."
