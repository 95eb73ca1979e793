"""The agent as a whole: what it sends, and that it loses nothing while the portal or itself is away."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from devices.credentials import issue
from devices.models import CredentialKind, ValueType
from telemetry.agent.links import MqttLink
from telemetry.agent.outbox import Outbox
from telemetry.agent.run import run
from telemetry.models import Reading
from tests.factories import DeviceFactory, MetricFactory
from tests.fixtures.live import StartProcess
from tests.mqtt_ear import Ear, listening
from tests.servers.brokers import Broker
from tests.servers.child import Child
from tests.servers.ports import ReservedPort, is_listening
from tests.waiting import wait_until

pytestmark = pytest.mark.once

NUMBERS = {"cpu", "memory", "disk", "disk.root", "load", "network_in", "network_out", "uptime", "agent.dropped"}
StartAgent = Callable[..., Child]


@contextmanager
def running(broker: Broker, device_id: str, outbox: Outbox, interval: float = 0.05) -> Iterator[None]:
    stop = threading.Event()
    arguments = {"interval": interval, "stop": stop}
    thread = threading.Thread(target=run, args=(MqttLink(broker.url, device_id), outbox), kwargs=arguments, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def frozen(broker: Broker) -> Iterator[None]:
    """A broker that takes what fits into its sockets but reads none of it."""
    assert broker._child is not None
    broker._child.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        broker._child.process.send_signal(signal.SIGCONT)


def messages(ear: Ear, device_id: str) -> list[dict[str, Any]]:
    return [message for body in ear.heard(device_id, "telemetry") for message in json.loads(body)]


def times(file: Path) -> list[str]:
    """When the readings were measured that wait in an agent's file."""
    rows = sqlite3.connect(file).execute("SELECT body FROM message ORDER BY number").fetchall()
    return [json.loads(body)["timestamp"] for [body] in rows]


def times_now(file: Path) -> list[str]:
    """The same of an agent that is running and keeps its file locked: from a copy, if that is not of a bad moment."""
    try:
        return times(Path(shutil.copy(file, file.with_suffix(".copy"))))
    except (FileNotFoundError, sqlite3.DatabaseError):
        return []


@pytest.fixture
def device_id() -> str:
    return f"server-{uuid4().hex[:8]}"  # the broker remembers what others of that name said


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "buffer.sqlite3"


@pytest.fixture
def start_agent(start_process: StartProcess, file: Path) -> StartAgent:
    """`start_agent("--url", …)`: the agent as a process of its own, measuring each second."""

    def start(*options: str, key: str = "") -> Child:
        command = ("-m", "telemetry.agent", "--buffer", str(file), "--interval", "1", *options)
        return start_process(*command, env={"IOTSPHERE_KEY": key} if key else None)

    return start


def test_it_sends_until_it_is_stopped(broker: Broker, device_id: str) -> None:
    with listening(broker) as ear:
        with running(broker, device_id, Outbox(None, 10)):
            wait_until(lambda: len(messages(ear, device_id)) >= 3)
        wait_until(lambda: ear.heard(device_id, "status") == ["online", "offline"])
    message = messages(ear, device_id)[0]
    assert set(message["telemetry"]) >= NUMBERS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["timestamp"])


def test_what_is_acknowledged_leaves_the_outbox(broker: Broker, device_id: str) -> None:
    outbox = Outbox(None, 10)
    with running(broker, device_id, outbox, interval=60):
        wait_until(lambda: outbox._next == 2 and not len(outbox))


def test_what_the_broker_does_not_acknowledge_stays(broker: Broker, device_id: str) -> None:
    outbox = Outbox(None, 10_000)
    with running(broker, device_id, outbox):
        wait_until(lambda: outbox._next > 2 and not len(outbox))
        with frozen(broker):
            [sent] = wait_until(lambda: outbox.first(1, 1000))
            wait_until(lambda: outbox._next > sent.number + 20)
            assert outbox.first(1, 1000) == [sent]
        wait_until(lambda: not len(outbox))


def test_it_goes_on_when_the_broker_comes_back(broker: Broker, device_id: str) -> None:
    outbox = Outbox(None, 10_000)
    with running(broker, device_id, outbox):
        wait_until(lambda: outbox._next > 2)
        broker.kill()
        wait_until(lambda: len(outbox) >= 5)
        broker.start()
        wait_until(lambda: not len(outbox), timeout=20)


def test_while_the_broker_is_away_readings_wait_on_disk_and_come_in_their_order(
    broker: Broker, start_agent: StartAgent, device_id: str, file: Path
) -> None:
    options = ("--url", broker.url, "--device-id", device_id)
    broker.kill()
    agent = start_agent(*options)
    wait_until(lambda: len(times_now(file)) >= 3, timeout=30)
    agent.kill()
    waited = times(file)
    with listening(broker.start()) as ear:
        start_agent(*options)
        wait_until(lambda: len(messages(ear, device_id)) > len(waited), timeout=30)
    heard = [message["timestamp"] for message in messages(ear, device_id)]
    assert heard[: len(waited)] == waited
    assert heard == sorted(heard)


def test_while_the_portal_is_away_readings_wait_on_disk_and_are_stored_with_their_times(
    start_process: StartProcess, start_agent: StartAgent, file: Path
) -> None:
    device = DeviceFactory.create(device_id="server-http")
    _, key = issue(device, CredentialKind.API_KEY, None)
    port = ReservedPort().release()
    options = ("--url", f"http://127.0.0.1:{port}")
    web = ("-m", "daphne", "--bind", "127.0.0.1", "--port", str(port), "iotsphere.asgi:application")
    readings = Reading.objects.filter(metric__device=device, metric__key="cpu").order_by("time")

    portal = start_process(*web).wait_until(lambda: is_listening(port))
    agent = start_agent(*options, key=key)
    wait_until(lambda: readings.count() >= 2, timeout=30)
    portal.kill()
    wait_until(lambda: len(times_now(file)) >= 3, timeout=30)
    agent.kill()
    waited = times(file)
    start_process(*web).wait_until(lambda: is_listening(port))
    start_agent(*options, key=key)
    wait_until(lambda: readings.count() >= 2 + len(waited), timeout=30)

    stored = [
        f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z" for time in readings.values_list("time", flat=True)
    ]
    assert [time for time in stored if time in waited] == waited
    assert "trying again" in agent.output


def test_what_the_portal_rejects_is_not_sent_for_ever(
    start_process: StartProcess, start_agent: StartAgent, file: Path
) -> None:
    device = DeviceFactory.create(device_id="server-http")
    MetricFactory.create(device=device, key="cpu", value_type=ValueType.TEXT)
    _, key = issue(device, CredentialKind.API_KEY, None)
    port = ReservedPort().release()
    web = ("-m", "daphne", "--bind", "127.0.0.1", "--port", str(port), "iotsphere.asgi:application")
    start_process(*web).wait_until(lambda: is_listening(port))
    agent = start_agent("--url", f"http://127.0.0.1:{port}", key=key)
    wait_until(lambda: agent.output.count("the portal rejects cpu") >= 2, timeout=30)
    agent.stop(signal.SIGTERM)
    assert len(times(file)) <= 1


def test_one_reading_may_be_sent_to_try_it(broker: Broker, start_agent: StartAgent, device_id: str) -> None:
    agent = start_agent("--url", broker.url, "--device-id", device_id, "--once")
    assert agent.process.wait(30) == 0
    assert f"acknowledged by {device_id} at the broker" in agent.output


def test_one_reading_that_does_not_arrive_is_an_error(start_agent: StartAgent) -> None:
    agent = start_agent("--url", "http://127.0.0.1:1", "--once", key="iot_0123456789abcdef_" + "k" * 32)
    assert agent.process.wait(30) == 1
    assert "nobody answers at http://127.0.0.1:1" in agent.output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "Say where the portal is"),
        (["--url", "nowhere"], "MQTT_URL must read mqtt://"),
        (["--url", "https://portal"], "must be an API key"),
        (["--url", "https://portal", "--key-file", "/nowhere"], "The key cannot be read from /nowhere"),
        (["--url", "mqtt://broker", "--key-file", "/dev/null"], "/dev/null is empty"),
        (["--url", "mqtt://broker", "--device-id", "a/b"], "'a/b' is not a device ID"),
        (["--url", "mqtt://broker", "--interval", "0"], "not a number of seconds from 1 to 86400"),
        (["--url", "mqtt://broker", "--keep", "0"], "not a number of readings from 1 to 100000"),
        (["--url", "mqtt://broker", "--buffer", "/dev/null/x"], "/dev/null"),
        (["--url", "mqtt://db1:secret@broker"], "a password on the command line"),
        (["--config", "/nowhere"], "/nowhere cannot be read"),
        (["--config", "/etc/hostname"], "Line 1 of /etc/hostname must read NAME=value"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(
    start_process: StartProcess, options: list[str], complaint: str
) -> None:
    agent = start_process("-m", "telemetry.agent", *options)
    assert agent.process.wait(30) == 2
    assert complaint in agent.output


def test_its_settings_may_be_in_a_file(
    broker: Broker, start_process: StartProcess, device_id: str, file: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "settings"
    settings.write_text(
        f"# where to\n\nIOTSPHERE_URL={broker.url}\nIOTSPHERE_DEVICE_ID = '{device_id}'\nIOTSPHERE_BUFFER={file}\n"
    )
    agent = start_process("-m", "telemetry.agent", "--config", str(settings), "--once")
    assert agent.process.wait(30) == 0
    assert f"acknowledged by {device_id} at the broker" in agent.output


def test_the_environment_comes_before_the_file(start_process: StartProcess, tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    settings.write_text("IOTSPHERE_URL=mqtt://broker\nIOTSPHERE_KEEP=5\n")
    agent = start_process("-m", "telemetry.agent", "--config", str(settings), env={"IOTSPHERE_KEEP": "none"})
    assert agent.process.wait(30) == 2
    assert "none is not a number of readings" in agent.output


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_portals_command_stops_on_a_signal_and_says_goodbye(
    broker: Broker, start_process: StartProcess, how: signal.Signals, device_id: str
) -> None:
    with listening(broker) as ear:
        process = start_process("manage.py", "agent", "--device-id", device_id, "--interval", "1")
        wait_until(lambda: messages(ear, device_id), timeout=30)
        process.stop(how)
        wait_until(lambda: ear.heard(device_id, "status") == ["online", "offline"])
    assert process.process.returncode == 0


def test_the_portals_command_refuses_an_interval_of_nothing(start_process: StartProcess) -> None:
    process = start_process("manage.py", "agent", "--interval", "0")
    assert process.process.wait(30) == 2
    assert "not a number of seconds from 1 to 86400" in process.output


def test_it_needs_no_django() -> None:
    code = "import sys, telemetry.agent.command as c; sys.exit(any(n.split('.')[0] == 'django' for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
