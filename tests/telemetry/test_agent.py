import json
import re
import signal
import subprocess
import sys
import threading

import pytest

from telemetry import agent
from telemetry.device_link import DEVICE_ID
from tests.fixtures.live import StartProcess
from tests.mqtt_ear import listening
from tests.servers.brokers import Broker
from tests.waiting import wait_until

KEYS = {"cpu", "memory", "disk", "load", "network_in", "network_out", "uptime"}


def test_it_measures_this_machine() -> None:
    reading = agent.Sampler().read()
    assert set(reading) == KEYS
    assert all(0 <= reading[key] <= 100 for key in ("cpu", "memory", "disk"))
    assert all(value >= 0 for value in reading.values())


def test_an_interface_that_was_reset_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = agent.Sampler()
    monkeypatch.setattr(agent, "_network_bytes", lambda: (0, 0))
    reading = sampler.read()
    assert (reading["network_in"], reading["network_out"]) == (0, 0)


def test_a_machine_without_network_counters_sends_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "_network_bytes", lambda: None)
    assert set(agent.Sampler().read()) == KEYS - {"network_in", "network_out"}


@pytest.mark.parametrize(
    ("hostname", "device_id"),
    [
        ("db-1.example.com", "server-db-1.example.com"),
        ("böse kiste", "server-b-se-kiste"),
        ("///", "server"),
        ("x" * 80, "server-" + "x" * 57),
    ],
)
def test_any_hostname_gives_a_device_id(hostname: str, device_id: str) -> None:
    assert agent.default_device_id(hostname) == device_id
    assert DEVICE_ID.fullmatch(device_id)


def test_it_sends_until_it_is_stopped(broker: Broker) -> None:
    stop = threading.Event()
    arguments = {"interval": 0.05, "stop": stop}
    thread = threading.Thread(target=agent.run, args=(broker.url, "server-test"), kwargs=arguments, daemon=True)
    with listening(broker) as ear:
        thread.start()
        wait_until(lambda: len(ear.heard("server-test", "telemetry")) >= 3)
        stop.set()
        wait_until(lambda: "offline" in ear.heard("server-test", "status"))
    thread.join(5)
    message = json.loads(ear.heard("server-test", "telemetry")[0])
    assert set(message["telemetry"]) == KEYS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["timestamp"])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stops_on_a_signal_and_says_goodbye(
    broker: Broker, start_process: StartProcess, how: signal.Signals
) -> None:
    device_id = f"server-{how.name}"
    with listening(broker) as ear:
        process = start_process("manage.py", "agent", "--device-id", device_id, "--interval", "1")
        wait_until(lambda: ear.heard(device_id, "telemetry"), timeout=30)
        process.stop(how)
        wait_until(lambda: ear.heard(device_id, "status") == ["online", "offline"])
    assert process.process.returncode == 0


def test_the_command_refuses_an_interval_of_nothing(start_process: StartProcess) -> None:
    process = start_process("manage.py", "agent", "--interval", "0")
    assert process.process.wait(30) == 2
    assert "not a number of seconds from 1 to 86400" in process.output


def test_it_needs_no_django() -> None:
    code = "import sys, telemetry.agent; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
