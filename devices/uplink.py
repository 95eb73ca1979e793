"""What devices say by MQTT besides telemetry and status: replies, reports of their settings, and that they are new."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from django.core.exceptions import ValidationError

from devices import topics
from devices.commands import read_reply, reply
from devices.models import Device, Lifecycle
from devices.provisioning import take_request
from devices.twin import Stale, read_report, report

log = structlog.get_logger(__name__)


class Letter(NamedTuple):
    topic: topics.Topic
    body: bytes
    received_at: datetime


def take(letters: Sequence[Letter]) -> None:
    """Note what they say, one after the other. What cannot be understood hurts nobody; the log tells of it.

    Raises django.db.Error while the database does not answer: then all of them may be taken again.
    """
    senders = {letter.topic.device_id for letter in letters}
    devices = {
        device.device_id: device
        for device in Device.objects.filter(device_id__in=senders, lifecycle=Lifecycle.ACTIVE).select_related("project")
    }
    for letter in letters:
        if letter.topic.kind == topics.PROVISION:
            take_request(letter.topic.command_id, letter.body)
            continue
        device = devices.get(letter.topic.device_id)
        if device is None:
            log.warning("nobody in service says this", topic=letter.topic)
            continue
        try:
            _take(device, letter)
        except ValidationError as error:
            log.warning("not understood", topic=letter.topic, problem=" ".join(error.messages))
        except Stale:
            log.info("overtaken by a newer report", topic=letter.topic)


def _take(device: Device, letter: Letter) -> None:
    if letter.topic.kind == topics.REPLY:
        if reply(device, letter.topic.command_id, read_reply(letter.body), letter.received_at) is None:
            log.warning("a reply to no command of the device", topic=letter.topic)
    else:
        patch, version = read_report(letter.body)
        report(device, patch, version=version, at=letter.received_at)
