import json
import signal
from datetime import UTC, datetime

import pytest

from iotsphere.demo.fleet import FLEET
from telemetry.agent.links import default_device_id
from tests.factories import DeviceFactory, MetricFactory
from tests.fixtures.live import StartProcess
from tests.mqtt_ear import Ear, listening
from tests.servers.brokers import Broker
from tests.waiting import wait_until

pytestmark = pytest.mark.once

DEVICE_IDS = [*(device.device_id for device in FLEET), default_device_id()]


def all_heard(ear: Ear, kind: str, word: str = "") -> bool:
    """Whether each device has said something of that kind, and a word last."""
    said = [ear.heard(device_id, kind) for device_id in DEVICE_IDS]
    return all(messages and messages[-1].endswith(word) for messages in said)


def test_the_whole_fleet_and_this_machine_speak(broker: Broker, start_process: StartProcess) -> None:
    with listening(broker) as ear:
        start_process("manage.py", "simulate")
        wait_until(lambda: all_heard(ear, "telemetry"), timeout=30)


def test_this_machine_may_be_left_to_an_agent_of_its_own(broker: Broker, start_process: StartProcess) -> None:
    with listening(broker) as ear:
        before = len(ear.heard(default_device_id(), "telemetry"))
        start_process("manage.py", "simulate", "--without-server")
        wait_until(lambda: len(ear.heard("WH_DEMO_01", "telemetry")) >= 2, timeout=30)
        assert len(ear.heard(default_device_id(), "telemetry")) == before


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_on_a_signal_and_all_say_goodbye(
    broker: Broker, start_process: StartProcess, how: signal.Signals
) -> None:
    with listening(broker) as ear:
        process = start_process("manage.py", "simulate")
        wait_until(lambda: all_heard(ear, "status", "online"), timeout=30)
        process.stop(how)
        wait_until(lambda: all_heard(ear, "status", "offline"))
    assert process.process.returncode == 0


def test_a_heater_goes_on_from_what_it_last_reported(broker: Broker, start_process: StartProcess) -> None:
    heater = DeviceFactory.create(device_id="WH_DEMO_01")
    for key, value in {"temperature": 41.5, "energy": 4321.0}.items():
        MetricFactory.create(device=heater, key=key, last_value=value, last_time=datetime.now(UTC))
    with listening(broker) as ear:
        start_process("manage.py", "simulate", "--without-server")
        message = wait_until(lambda: ear.heard("WH_DEMO_01", "telemetry"), timeout=30)[0]
    reported = json.loads(message)["telemetry"]
    assert reported["energy"] == pytest.approx(4321, abs=0.1)
    assert reported["temperature"] == pytest.approx(41.5, abs=1)
