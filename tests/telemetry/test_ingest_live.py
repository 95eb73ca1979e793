"""What ingest tells the live stream after its commit."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import redis

from devices.models import Device
from telemetry.ingest import Envelope, ingest
from telemetry.live.stream import FIELD, STREAM
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, SECOND, telemetry

pytestmark = pytest.mark.django_db
Told = Callable[[list[Envelope]], dict[str, Any]]


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id="sensor")


@pytest.fixture
def told(redis_client: redis.Redis, django_capture_on_commit_callbacks: Any) -> Told:
    """What is told of devices when a batch is committed."""

    def tell(batch: list[Envelope]) -> dict[str, Any]:
        with django_capture_on_commit_callbacks(execute=True):
            ingest(batch)
        entries: Any = redis_client.xrevrange(STREAM, count=1)
        [(_, fields)] = entries
        devices: dict[str, Any] = orjson.loads(fields[FIELD])["devices"]
        return devices

    return tell


def test_the_first_message_tells_values_and_presence(device: Device, told: Told) -> None:
    changes = told([telemetry("sensor", {"temperature": 25.5, "on": True, "mode": "eco"}, time=NOW - SECOND)])
    time = "2025-12-19T12:59:59Z"
    assert changes == {
        "sensor": {
            "project": device.project_id,
            "presence": "online",
            "last_message": "2025-12-19T13:00:00Z",
            "values": {
                "temperature": {"value": 25.5, "time": time},
                "on": {"value": True, "time": time},
                "mode": {"value": "eco", "time": time},
            },
        }
    }


def test_presence_is_told_when_it_changes(device: Device, told: Told) -> None:
    told([telemetry("sensor", {"temperature": 1})])
    assert "presence" not in told([telemetry("sensor", {"temperature": 2}, at=NOW + SECOND)])["sensor"]


def test_of_several_values_in_a_batch_the_newest_is_told(device: Device, told: Told) -> None:
    batch = [telemetry("sensor", {"t": n}, time=NOW - n * SECOND) for n in (3, 1, 2)]
    assert told(batch)["sensor"]["values"]["t"]["value"] == 1.0


def test_late_values_are_not_told(device: Device, told: Told) -> None:
    told([telemetry("sensor", {"t": 1})])
    assert told([telemetry("sensor", {"t": 2}, time=NOW - SECOND, at=NOW + SECOND)])["sensor"]["values"] == {}


def test_all_devices_of_a_batch_are_in_one_entry(told: Told) -> None:
    devices = [DeviceFactory.create() for _ in range(3)]
    changes = told([telemetry(device.device_id, {"t": 1}) for device in devices])
    assert changes.keys() == {device.device_id for device in devices}
