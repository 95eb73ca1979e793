"""The topics of the MQTT contract: what devices publish below `app/device/<device ID>/`."""

import re
from typing import NamedTuple

from devices.models.device import DEVICE_ID_PATTERN

TELEMETRY = "telemetry"
STATUS = "status"

# Everything below the portal's own root, so that a misspelt topic is counted and shown instead of vanishing.
ALL = "app/#"
ALL_STATUSES = f"app/device/+/{STATUS}"
# Where nobody ever publishes.
NOTHING = "app/nothing"

_is_topic = re.compile(rf"app/device/({DEVICE_ID_PATTERN})/({TELEMETRY}|{STATUS})").fullmatch


def shared(group: str) -> str:
    """The subscription by which the members of a group share everything (MQTT 5)."""
    return f"$share/{group}/{ALL}"


class Topic(NamedTuple):
    device_id: str
    kind: str


def parse(topic: str) -> Topic | None:
    """Which device publishes what there; None if devices have nothing to publish there."""
    found = _is_topic(topic)
    return Topic(found[1], found[2]) if found else None
