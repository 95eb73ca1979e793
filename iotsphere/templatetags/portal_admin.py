from django import template

from devices.models import Device
from telemetry.values import Shown, headlines, shown_metrics

register = template.Library()


@register.simple_tag
def headline_values(device: Device) -> list[Shown]:
    """What the device's card in the fleet overview shows. Free of queries when metrics and definitions are fetched."""
    definitions = list(device.device_type.metrics.all()) if device.device_type else []
    return headlines(shown_metrics(definitions, list(device.metrics.all())))
