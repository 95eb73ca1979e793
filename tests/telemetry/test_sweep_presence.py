from datetime import timedelta

import pytest
from django.utils import timezone

from devices.models import Device, Presence, Project
from devices.presence import note_messages
from iotsphere.models import User
from telemetry.tasks import sweep_presence
from tests.factories import DeviceFactory
from tests.fixtures.sockets import Live


@pytest.fixture
def silent(acme: Project) -> Device:
    """A device that was online and has not sent for an hour."""
    device = DeviceFactory.create(device_id="silent", project=acme)
    note_messages({device.pk: timezone.now() - timedelta(hours=1)})
    return device


def test_the_sweep_takes_silent_devices_offline(silent: Device) -> None:
    sweep_presence()
    silent.refresh_from_db()
    assert silent.presence == Presence.OFFLINE


def test_and_open_pages_are_told(live: Live, vera: User, silent: Device) -> None:
    socket = live(vera)
    assert (
        socket.ask({"type": "subscribe", "id": "x", "devices": ["silent"]})["devices"]["silent"]["presence"] == "online"
    )
    sweep_presence()
    assert socket.receive()["devices"]["silent"]["presence"] == "offline"
