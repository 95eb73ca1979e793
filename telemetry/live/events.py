"""The shapes of what is pushed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Required, TypeAlias, TypedDict

from devices.presence import PresenceChange


class LiveValue(TypedDict):
    """A reading in its own type. Times are datetimes until they become JSON, then ISO 8601 in UTC."""

    value: float | bool | str
    time: datetime | str


class LiveTwin(TypedDict):
    """A twin, always all of it. `pending` says since when the device owes each key of the difference."""

    version: int
    desired: dict[str, Any]
    reported: dict[str, Any]
    pending: dict[str, str]
    desired_at: datetime | str | None
    reported_at: datetime | str | None


class LiveCommand(TypedDict):
    """A command as it stands now."""

    name: str
    label: str
    params: dict[str, Any]
    status: str
    by: str | None
    created_at: datetime | str
    changed_at: datetime | str
    expires_at: datetime | str
    reason: str


class DeviceState(TypedDict, total=False):
    """What clients are told of a device: of one they see first all of it, later only what is new."""

    presence: str
    last_message: datetime | str | None
    values: dict[str, LiveValue]
    twin: LiveTwin
    commands: dict[str, LiveCommand]  # by ID


class DeviceChange(DeviceState, total=False):
    """What is new about a device. `values` are the readings that are now the latest of their metric.

    `project` is the primary key of the device's project: it decides who is told.
    """

    project: Required[int]


Changes: TypeAlias = Mapping[str, DeviceChange]  # by device ID
News: TypeAlias = Mapping[str, Mapping[str, Any]]  # of any topic (topics.py), by ID


class Entry(TypedDict, total=False):
    """What one entry of the stream may tell, besides the news of other topics, each under its name."""

    devices: Changes
    user: int  # the account or its memberships changed
    device: int  # it or its credentials changed
    session: str  # fingerprint of a session that ended
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
