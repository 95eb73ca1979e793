"""A campaign through real processes: simulated heaters download what they are sent and run it, but for the last."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
from rest_framework_simplejwt.tokens import AccessToken

from devices.models import Device, DeviceType, FirmwareCampaign, FirmwareUpdate, Presence, Project
from devices.shipped_types import ensure_shipped_types
from iotsphere.models import User
from iotsphere.simulator.obedience import Manner
from iotsphere.simulator.play import Actor, play
from tests.factories import DeviceFactory, FirmwarePackageFactory
from tests.fixtures.live import Portal, StartProcess
from tests.servers.brokers import Broker
from tests.simulator.fleet import a_heater
from tests.waiting import wait_until

PATIENCE = 60


@contextmanager
def there(broker: Broker, manners: dict[str, Manner]) -> Iterator[None]:
    stop = threading.Event()
    actors = [Actor(name, a_heater(name), interval=1.0, manner=manner) for name, manner in manners.items()]
    thread = threading.Thread(target=play, args=(broker.url, actors, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


@pytest.fixture
def heaters(acme: Project) -> list[Device]:
    ensure_shipped_types()
    heater = DeviceType.objects.get(slug="water-heater")
    names = [f"heater-{n}-{uuid4().hex[:8]}" for n in range(3)]
    return [DeviceFactory.create(device_id=name, project=acme, device_type=heater) for name in names]


def test_heaters_update_themselves_wave_by_wave(
    start_process: StartProcess, portal: Portal, broker: Broker, heaters: list[Device], acme: Project, oscar: User
) -> None:
    worker = start_process(
        "-m", "celery", "-A", "iotsphere", "worker", "--listen", "-Q", "ingest", "--pool=threads", "--concurrency=1",
        "--without-gossip", "--without-mingle",
        env={"INGEST_GROUP": f"firmware-{uuid4().hex[:8]}", "PORTAL_URL": portal.url},
    )  # fmt: skip
    worker.wait_until(lambda: "listening" in worker.output)
    package = FirmwarePackageFactory.create(project=acme, device_type=heaters[0].device_type, content=b"new" * 100_000)
    manners = {heater.device_id: Manner(delay=0.0) for heater in heaters}
    manners[heaters[2].device_id] = Manner(delay=0.0, spoils_firmware=True)
    with there(broker, manners):
        online = Device.objects.filter(presence=Presence.ONLINE)
        wait_until(lambda: online.count() == 3, PATIENCE, what="the heaters")
        begun = httpx.post(
            f"{portal.url}/api/v1/firmware-campaigns/",
            json={"package": package.pk, "waves": ["2", "rest"], "soak": 0, "most_failed_percent": None},
            headers={"Authorization": f"Bearer {AccessToken.for_user(oscar)}"},
            timeout=PATIENCE,
        )
        assert begun.status_code == 201, begun.text
        wait_until(lambda: FirmwareCampaign.objects.filter(status="finished").exists(), PATIENCE, what="the end")
    ends = {update.device_id: update for update in FirmwareUpdate.objects.all()}
    assert [ends[heater.pk].status for heater in heaters] == ["updated", "updated", "failed"]
    assert [ends[heater.pk].wave for heater in heaters] == [1, 1, 2]
    steps = list(ends[heaters[0].pk].steps.values_list("status", flat=True))
    assert steps == ["queued", "downloading", "downloaded", "verified", "updating", "updated"]
    assert "SHA-256" in ends[heaters[2].pk].error
