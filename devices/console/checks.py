from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from devices.console.brokers import read_entry


@register("iotsphere")
def console_brokers_can_be_read(**_: Any) -> list[CheckMessage]:
    """Every entry of MQTT_CONSOLE_BROKERS names a broker, each by a name of its own."""
    errors: list[CheckMessage] = []
    names: set[str] = set()
    for number, entry in enumerate(settings.MQTT_CONSOLE_BROKERS, 1):
        # By its number: the entry may hold a password.
        try:
            name = read_entry(entry).name
        except ValueError as error:
            errors.append(Error(f"MQTT_CONSOLE_BROKERS, entry {number}: {error}", id="devices.E001"))
            continue
        if name in names:
            errors.append(Error(f"MQTT_CONSOLE_BROKERS, entry {number}: the name is taken.", id="devices.E002"))
        names.add(name)
    return errors
