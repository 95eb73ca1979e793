"""What people can tell a device to do, on its page: settings, commands, and what became of the last ones."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.urls import reverse

from devices.command_states import CommandStatus
from devices.models import Command, CommandType, Device, Twin
from devices.permissions import AnyUser, Permission, may
from devices.schema_inputs import Input, inputs
from devices.twin import twin_of
from iotsphere.dashboards.firmware import DeviceFirmware
from telemetry.values import MISSING, value_in_words

LAST_COMMANDS = 10
LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what is wanted, what the device says, and since when it owes the difference."""

    input: Input
    desired: Any
    reported: Any
    waits_since: datetime | None

    @property
    def value(self) -> Any:
        """What the input shows at first: what is wanted, else what the device is set to."""
        if self.desired is not None:
            return self.desired
        return self.input.default if self.reported is None else self.reported

    @property
    def reported_text(self) -> str:
        return words(self.reported)


@dataclass(frozen=True, slots=True)
class Order:
    """One command that the device's type takes, and what has to be filled in for it."""

    type: CommandType
    inputs: list[Input]

    @property
    def asks(self) -> bool:
        """Whether people are asked if they mean it."""
        return self.type.needs_confirmation or self.type.is_destructive


class DeviceControl:
    def __init__(self, user: AnyUser, device: Device) -> None:
        self.device = device
        self.may_set = may(user, Permission.EDIT_TWIN, device.project)
        self.may_command = may(user, Permission.SEND_COMMANDS, device.project)

    @cached_property
    def twin(self) -> Twin:
        return twin_of(self.device)

    @cached_property
    def firmware(self) -> DeviceFirmware:
        return DeviceFirmware(self.device, self.twin)

    @cached_property
    def settings(self) -> list[Setting]:
        schema = self.device.device_type.settings_schema if self.device.device_type else {}
        twin = self.twin
        return [
            Setting(each, twin.desired.get(each.key), twin.reported.get(each.key), twin.waits_for(each.key))
            for each in inputs(schema)
        ]

    @cached_property
    def orders(self) -> list[Order]:
        types = self.device.device_type.commands.all() if self.device.device_type else ()
        return [Order(each, inputs(each.params_schema)) for each in types]

    @cached_property
    def last(self) -> list[Command]:
        return list(self.device.commands.select_related("created_by")[:LAST_COMMANDS])

    @property
    def live(self) -> dict[str, Any]:
        """What the page's script needs to know."""
        return {
            "twin": reverse("api:twin", args=[self.device.device_id]),
            "version": self.twin.version,
            "commands": reverse("api:command-list"),
            "mayCommand": self.may_command,
            "statuses": {status.value: status.label for status in CommandStatus},
            "last": LAST_COMMANDS,
            "firmware": self.firmware.live,
        }


def words(value: Any) -> str:
    """A setting or a parameter for people."""
    if value is None:
        return MISSING
    return value_in_words(value) if isinstance(value, bool | int | float | str) else str(value)


def params_in_words(params: dict[str, Any]) -> str:
    """`minutes 60, level high`; static/js/control.js writes them the same way."""
    return ", ".join(f"{name.replace('_', ' ')} {_shortened(words(value))}" for name, value in params.items())


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_WORD else f"{text[:LONGEST_WORD]}…"
