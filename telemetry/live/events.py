"""The shapes of what is pushed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Required, TypeAlias, TypedDict

from devices.presence import PresenceChange


class LiveValue(TypedDict):
    """A reading in its own type. Times are datetimes until they become JSON, then ISO 8601 in UTC."""

    value: float | bool | str
    time: datetime | str


class DeviceChange(TypedDict, total=False):
    """What is new about a device; what is not new is left out.

    `project` is the primary key of the device's project: it decides who is told and is not sent to clients.
    `values` holds the readings that are now the latest of their metric.
    """

    project: Required[int]
    presence: str
    last_message: datetime | str | None
    values: dict[str, LiveValue]


Changes: TypeAlias = Mapping[str, DeviceChange]  # by device ID


class Entry(TypedDict, total=False):
    """What one entry of the stream may tell."""

    devices: Changes
    gap: bool  # entries before this one were lost


def presence_changes(changes: Iterable[PresenceChange]) -> dict[str, DeviceChange]:
    return {
        change.device_id: {
            "project": change.project_id,
            "presence": change.presence.value,
            "last_message": change.last_message,
        }
        for change in changes
    }
