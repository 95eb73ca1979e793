import re
from pathlib import Path
from typing import Any

import pytest

from devices.broker_files import write_broker_files
from iotsphere.supervisor.options import PROJECT_FOLDER
from iotsphere.supervisor.ports import free_port
from tests.servers.child import Child
from tests.servers.ports import is_listening
from tests.servers.programs import program
from tests.supervisor.brokers import BrokerClient, make_broker, running_broker
from tests.waiting import wait_until

pytestmark = pytest.mark.once

PRODUCTION = PROJECT_FOLDER / "deploy/mosquitto/mosquitto.conf"


def test_mosquitto_takes_the_configuration_for_production(tmp_path: Path, settings: Any, db: None) -> None:
    port = free_port()
    settings.BROKER_DIR, settings.MQTT_URL, settings.DEMO = str(tmp_path), "mqtt://iotsphere:secret@127.0.0.1", False
    write_broker_files()
    text = PRODUCTION.read_text().replace("listener 1883", f"user root\nlistener {port}")
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(re.sub(r"/var/lib/(iotsphere/broker|mosquitto)", str(tmp_path), text))
    child = Child("mosquitto", [program("mosquitto"), "-c", configuration], tmp_path / "log")
    try:
        child.wait_until(lambda: is_listening(port))
        strangers = BrokerClient(port)
        portal = BrokerClient(port, "iotsphere", "secret")
        assert (strangers.is_taken, portal.is_taken) == (False, True)
        strangers.close()
        portal.close()
    finally:
        child.stop()


@pytest.mark.parametrize("setting", ["max_inflight_messages", "max_queued_messages", "max_packet_size"])
def test_the_embedded_mosquitto_is_as_patient_as_the_one_in_production(tmp_path: Path, setting: str) -> None:
    embedded = (make_broker(tmp_path, bundled=False, demo=False).folder / "mosquitto.conf").read_text()
    line = re.compile(rf"^{setting} \d+$", re.MULTILINE)
    assert line.findall(embedded) == line.findall(PRODUCTION.read_text()) != []


def test_what_the_embedded_mosquitto_acknowledged_survives_its_crash(tmp_path: Path, settings: Any, db: None) -> None:
    planned = make_broker(tmp_path, bundled=False, demo=True)
    settings.BROKER_DIR, settings.MQTT_URL, settings.DEMO = str(planned.folder), planned.url, True
    write_broker_files()
    persistent: dict[str, Any] = {"client_id": "ingest", "clean_session": False}
    with running_broker(tmp_path, bundled=False, demo=True) as (broker, child):
        worker = BrokerClient(broker.port, **persistent)
        worker.subscribe("app/#")
        worker.close()
        device = BrokerClient(broker.port)
        # It acknowledges a moment before it writes, and writes before it takes the next: the last one may be lost.
        for number in range(21):
            device.publish("app/device/boiler/telemetry", str(number))
        child.kill()
        device.close()
    with running_broker(tmp_path, bundled=False, demo=True) as (broker, _):
        worker = BrokerClient(broker.port, **persistent)
        wait_until(lambda: len(worker.heard) >= 20, what="all that was acknowledged")
        worker.close()
