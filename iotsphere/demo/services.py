"""What somebody did to the demo's devices: fresh cells, on record."""

from collections.abc import Iterable
from itertools import pairwise

from devices.models import Device
from mlmonitor.models import HealthIndicator, ServiceRecord
from mlmonitor.shipped_indicators import ensure_shipped_indicators
from telemetry.models import Reading

JUMP = 0.3
"""Volts; no cell recovers so much by itself."""


def write_services(devices: Iterable[Device]) -> None:
    """A service record for each time that a device's voltage jumped up; once."""
    ensure_shipped_indicators()
    for device in devices:
        indicator = HealthIndicator.objects.filter(device_type=device.device_type_id, key="battery").first()
        if indicator is None or device.service_records.exists():
            continue
        readings = Reading.objects.filter(metric__device=device, metric__key="battery").order_by("time")
        for (_, before), (at, volts) in pairwise(readings.values_list("time", "value")):
            if before is not None and volts is not None and volts - before > JUMP:
                ServiceRecord.objects.create(device=device, indicator=indicator, done_at=at, note="Fresh cell.")


def forget_services(devices: Iterable[Device]) -> None:
    ServiceRecord.objects.filter(device__in=devices).delete()
