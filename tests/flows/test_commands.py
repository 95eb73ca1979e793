"""Commands through real processes: a heater that is away is sent what waits when it returns, whoever was killed."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from devices.models import Command, CommandType, Device, DeviceType, Presence, Project, Twin
from devices.shipped_types import ensure_shipped_types
from devices.tasks import work_off_outbox
from devices.wake import wake_outbox
from iotsphere.models import User
from iotsphere.simulator.obedience import Manner
from iotsphere.simulator.play import Actor, play
from tests.factories import DeviceFactory
from tests.fixtures.live import Portal, StartProcess
from tests.servers.brokers import Broker, DevelopmentBroker
from tests.servers.child import Child
from tests.simulator.fleet import a_heater
from tests.waiting import wait_until

PATIENCE = 40
StartWorker = Callable[[], Child]


@pytest.fixture
def start_worker(start_process: StartProcess, broker: Broker) -> StartWorker:
    group = f"commands-{uuid4().hex[:8]}"

    def start() -> Child:
        process = start_process(
            "-m", "celery", "-A", "iotsphere", "worker", "--listen", "-Q", "ingest", "--pool=threads",
            "--concurrency=1", "--without-gossip", "--without-mingle",
            env={"INGEST_GROUP": group},
        )  # fmt: skip
        return process.wait_until(lambda: "listening" in process.output)

    return start


@pytest.fixture
def boiler(acme: Project) -> Device:
    """A water heater that is away; the broker has never heard of it. It may take as long as this machine takes."""
    ensure_shipped_types()
    CommandType.objects.update(timeout=timedelta(minutes=5))
    return DeviceFactory.create(
        device_id=f"heater-{uuid4().hex}",
        project=acme,
        device_type=DeviceType.objects.get(slug="water-heater"),
        presence=Presence.OFFLINE,
        last_disconnect=timezone.now(),
    )


@contextmanager
def there(broker: Broker, device: Device, manner: Manner | None = None) -> Iterator[Any]:
    """The heater itself, as long as it is there."""
    heater, stop = a_heater(device.device_id), threading.Event()
    actor = Actor(device.device_id, heater, interval=1.0, manner=manner or Manner(delay=0.0))
    thread = threading.Thread(target=play, args=(broker.url, [actor], stop))
    thread.start()
    try:
        yield heater
    finally:
        stop.set()
        thread.join(10)


@contextmanager
def beat() -> Iterator[None]:
    """Celery's beat, as far as the outbox goes."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(1.0):
            work_off_outbox.apply_async(expires=5)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Operator:
    """Somebody at the REST API of a running portal."""

    def __init__(self, portal: Portal, user: User) -> None:
        self._portal = portal
        self._headers = {"Authorization": f"Bearer {AccessToken.for_user(user)}"}

    def send(self, device: Device, name: str, **params: Any) -> Command:
        body = {"name": name, "params": params, "devices": [device.device_id]}
        answer = httpx.post(f"{self._portal.url}/api/v1/commands/", json=body, headers=self._headers, timeout=PATIENCE)
        assert answer.status_code == 201, answer.text
        return Command.objects.get(pk=answer.json()["commands"][0]["id"])

    def set(self, device: Device, **settings: Any) -> None:
        answer = httpx.patch(
            f"{self._portal.url}/api/v1/devices/{device.device_id}/twin/",
            json={"desired": settings},
            headers=self._headers,
            timeout=PATIENCE,
        )
        assert answer.status_code == 200, answer.text


def steps(command: Command) -> list[tuple[str, str]]:
    return list(command.steps.order_by("pk").values_list("status", "witness"))


def until(command: Command, status: str) -> None:
    wait_until(lambda: Command.objects.filter(pk=command.pk, status=status).exists(), PATIENCE, what=status)


def test_a_heater_that_is_away_is_sent_what_waits_when_it_returns(
    start_worker: StartWorker, portal: Portal, broker: Broker, boiler: Device, oscar: User
) -> None:
    worker = start_worker()
    command = Operator(portal, oscar).send(boiler, "boost", minutes=30)
    wait_until(lambda: Command.objects.get(pk=command.pk).due_at == command.expires_at, PATIENCE, what="the outbox")
    assert steps(command) == [("queued", "person")]

    # Nobody who knows of it lives on.
    worker.stop(signal.SIGKILL)
    portal.process.stop(signal.SIGKILL)
    start_worker()
    assert steps(command) == [("queued", "person")]

    with there(broker, boiler) as heater:
        until(command, "succeeded")
        assert heater.boosted_until > 0
    said = steps(command)
    assert [step for step in said if step[0] != "sent"] == [
        ("queued", "person"), ("delivered", "device"), ("succeeded", "device"),
    ]  # fmt: skip
    assert ("sent", "broker") in said


def test_a_worker_killed_in_the_middle_leaves_nothing_undone(
    start_worker: StartWorker, broker: Broker, boiler: Device, lasting_portal: Portal, oscar: User
) -> None:
    if isinstance(broker, DevelopmentBroker):
        pytest.skip("the development broker forgets what the heater says while no worker listens")
    operator = Operator(lasting_portal, oscar)
    worker = start_worker()
    with there(broker, boiler, Manner(delay=1.0)):
        wait_until(lambda: Device.objects.get(pk=boiler.pk).presence == Presence.ONLINE, PATIENCE)
        commands = [operator.send(boiler, "identify") for _ in range(4)]
        wait_until(lambda: Command.objects.exclude(status="queued").exists(), PATIENCE)
        # Of the last one the dead worker alone has been told.
        worker.process.send_signal(signal.SIGSTOP)
        commands.append(operator.send(boiler, "identify"))
        worker.stop(signal.SIGKILL)
        start_worker()
        with beat():
            for command in commands:
                until(command, "succeeded")
    for command in commands:
        assert [status for status, _ in steps(command)].count("succeeded") == 1


def test_a_command_expires_if_the_heater_returns_too_late(
    start_worker: StartWorker, lasting_portal: Portal, broker: Broker, boiler: Device, oscar: User
) -> None:
    start_worker()
    command = Operator(lasting_portal, oscar).send(boiler, "boost", minutes=30)
    Command.objects.filter(pk=command.pk).update(expires_at=timezone.now())
    with there(broker, boiler) as heater:
        until(command, "expired")
        wait_until(lambda: Device.objects.get(pk=boiler.pk).presence == Presence.ONLINE, PATIENCE)
        assert heater.boosted_until == 0
    assert steps(command) == [("queued", "person"), ("expired", "portal")]


@pytest.mark.once
def test_a_heater_takes_what_is_desired_and_reports_it(
    start_worker: StartWorker, lasting_portal: Portal, broker: Broker, boiler: Device, oscar: User
) -> None:
    start_worker()
    Operator(lasting_portal, oscar).set(boiler, mode="off", target_temperature=52.5)
    with there(broker, boiler) as heater:
        wait_until(lambda: Twin.objects.get(device=boiler).pending_since is None, PATIENCE)
        assert heater.settings() == {"mode": "off", "target_temperature": 52.5}
    reported = Twin.objects.get(device=boiler).reported
    assert (reported["mode"], reported["target_temperature"]) == ("off", 52.5)


@pytest.mark.once
@pytest.mark.parametrize(
    ("manner", "end", "reason"),
    [
        (Manner(delay=0.0, refuses={"identify": "No lamp"}), "rejected", "No lamp"),
        (Manner(answers=False), "timed_out", "The device did not say that it received it."),
    ],
)
def test_a_refusal_and_silence_are_told_apart(
    start_worker: StartWorker, lasting_portal: Portal, broker: Broker, boiler: Device, oscar: User,
    manner: Manner, end: str, reason: str,
) -> None:  # fmt: skip
    start_worker()
    with there(broker, boiler, manner):
        wait_until(lambda: Device.objects.get(pk=boiler.pk).presence == Presence.ONLINE, PATIENCE)
        command = Operator(lasting_portal, oscar).send(boiler, "identify")
        if end == "timed_out":
            until(command, "sent")
            now = timezone.now()
            Command.objects.filter(pk=command.pk).update(answer_due_at=now, due_at=now)
            wake_outbox()
        until(command, end)
    command.refresh_from_db()
    assert command.reason == reason
