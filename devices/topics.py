"""The topics of the MQTT contract: what devices, and the portal for them, publish below `app/device/<device ID>/`."""

import re
from typing import NamedTuple

from devices.models.device import DEVICE_ID_PATTERN

TELEMETRY = "telemetry"
STATUS = "status"
REPORTED = "twin/reported"
REPLY = "command/reply"
# What the portal publishes.
DESIRED = "twin/desired"
COMMAND = "command"
# Of devices that show a provisioning key; not below a device's own.
PROVISION = "provision"
TO_DEVICES = (DESIRED, COMMAND)

# Everything below the portal's own root, so that a misspelt topic is counted and shown instead of vanishing.
ALL = "app/#"
ALL_STATUSES = f"app/device/+/{STATUS}"
# Where nobody ever publishes.
NOTHING = "app/nothing"

_KINDS = f"{TELEMETRY}|{STATUS}|{REPORTED}|{DESIRED}|{COMMAND}"
_is_topic = re.compile(rf"app/device/({DEVICE_ID_PATTERN})/(?:({_KINDS})|command/([^/]{{1,64}})/reply)").fullmatch
_is_of_device = re.compile(rf"app/device/({DEVICE_ID_PATTERN})/.+", re.DOTALL).fullmatch

_is_request = re.compile(r"app/provision/([0-9a-f]{16})/request").fullmatch


def shared(group: str) -> str:
    """The subscription by which the members of a group share everything (MQTT 5)."""
    return f"$share/{group}/{ALL}"


class Topic(NamedTuple):
    device_id: str
    kind: str
    command_id: str = ""  # of a reply; of a request to be provisioned, the key's public ID


def parse(topic: str) -> Topic | None:
    """Whose topic it is and what is published there; None if nothing is."""
    if asked := _is_request(topic):
        return Topic("", PROVISION, asked[1])
    found = _is_topic(topic)
    return Topic(found[1], found[2] or REPLY, found[3] or "") if found else None


def command(device_id: str) -> str:
    return f"app/device/{device_id}/{COMMAND}"


def desired(device_id: str) -> str:
    return f"app/device/{device_id}/{DESIRED}"


def device_of(topic: str) -> str | None:
    """The ID of the device that a topic belongs to, whatever it is for; None for all other topics."""
    found = _is_of_device(topic)
    return found[1] if found else None


def provisioned(key_id: str, nonce: str) -> str:
    return f"app/provision/{key_id}/reply/{nonce}"
