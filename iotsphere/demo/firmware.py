"""A package of firmware for the demo's sensors, to be rolled out by whoever looks around."""

from random import Random

from django.core.files.base import ContentFile

from devices.firmware.packages import take_in
from devices.models import DeviceType, Project

TYPE = "environment-sensor"
VERSION = "1.1.0"
NOTES = "Measures the cell under load, and sleeps deeper between two measurements."
CONTENT = Random(VERSION).randbytes(384 * 1024)  # noqa: S311 (nobody runs it)


def ensure_package(project: Project) -> None:
    """Once: a project that has firmware for them needs none."""
    device_type = DeviceType.objects.filter(slug=TYPE).first()
    if device_type is None or project.firmware.filter(device_type=device_type).exists():
        return
    file = ContentFile(CONTENT, "sensor.bin")
    take_in(None, project=project, device_type=device_type, version=VERSION, file=file, notes=NOTES)
