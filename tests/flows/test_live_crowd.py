"""What many sockets at once, and some that do not read, cost a web process."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import psutil
import pytest
from django.test import Client
from django.utils import timezone

from devices.models import Device, Project
from iotsphere.models import User
from telemetry import live as stream
from tests.crowd import Member, join
from tests.factories import DeviceFactory
from tests.fixtures.live import SERVERS, Portal, StartProcess
from tests.fixtures.sockets import session_cookie
from tests.servers.ports import ReservedPort, is_listening

pytestmark = pytest.mark.once

PATIENCE = 120
IDLE = 1_000
SLOW = 20
MB = 1024 * 1024
StartPortal = Callable[..., Portal]


@pytest.fixture
def start_portal(start_process: StartProcess) -> StartPortal:
    """`start_portal("uvicorn", LIVE_PONG_WITHIN="1")` starts a web process under that server."""

    def start(server: str, **environment: str) -> Portal:
        port = ReservedPort().release()
        command = ("-m", *SERVERS[server], "--port", str(port), "iotsphere.asgi:application")
        process = start_process(*command, env=environment).wait_until(lambda: is_listening(port))
        return Portal(f"127.0.0.1:{port}", process)

    return start


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 4 * IDLE if hard == resource.RLIM_INFINITY else min(4 * IDLE, hard)
    if most < 2 * IDLE:
        pytest.skip(f"a process may have {hard} files open on this machine, which is too few")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def sensor(acme: Project) -> Device:
    return DeviceFactory.create(device_id="sensor", project=acme)


@pytest.fixture
def page(vera: User) -> dict[str, str]:
    client = Client()
    client.force_login(vera)
    return {"Cookie": session_cookie(client)}


class Reader:
    """A page that watches the sensor, and the notes it was sent."""

    member: Member

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    async def open(self, portal: Portal, headers: dict[str, str]) -> "Reader":
        headers = {"Origin": portal.url, **headers}
        self.member = await join(f"{portal.websocket_url}/ws/live/", self.hear, headers)
        self.member.say({"type": "subscribe", "id": "x", "devices": ["sensor"]})
        await until(lambda: len(self.frames) == 2)
        assert [frame["type"] for frame in self.frames] == ["ready", "state"]
        return self

    def hear(self, text: bytes) -> None:
        self.frames.append(orjson.loads(text))

    @property
    def note(self) -> str:
        told = [frame for frame in self.frames if frame["type"] == "change"]
        return told[-1]["devices"]["sensor"]["values"]["note"]["value"] if told else ""

    async def is_told(self, device: Device, note: str) -> None:
        push(device, note)
        await until(lambda: self.note == note)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def pages(number: int, portal: Portal, headers: dict[str, str]) -> AsyncIterator[list[Reader]]:
    some_at_once = asyncio.Semaphore(20)

    async def open_one() -> Reader:
        async with some_at_once:
            return await Reader().open(portal, headers)

    readers = await asyncio.gather(*(open_one() for _ in range(number)))
    yield readers
    for reader in readers:
        reader.member.transport.abort()


def push(device: Device, note: str) -> None:
    value: Any = {"value": note, "time": timezone.now() + timedelta(seconds=1)}
    stream.push({device.device_id: {"project": device.project_id, "values": {"note": value}}})


def connections(portal: Portal) -> list[Any]:
    port = int(portal.host.rpartition(":")[2])
    found = psutil.Process(portal.process.process.pid).net_connections()
    return [each for each in found if each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED]


def memory(portal: Portal) -> int:
    return int(psutil.Process(portal.process.process.pid).memory_info().rss)


def test_a_thousand_idle_sockets_are_held_and_each_is_told(
    many_files: None, start_portal: StartPortal, page: dict[str, str], sensor: Device
) -> None:
    most = str(IDLE)
    portal = start_portal("daphne", LIVE_SOCKETS_PER_USER=most, LIVE_SUBSCRIPTIONS_PER_USER=most)
    before = memory(portal)

    async def hold() -> None:
        async with pages(IDLE, portal, page) as readers:
            print(f"{IDLE} sockets: {(memory(portal) - before) / IDLE / 1024:.0f} KB each")
            push(sensor, "hello")
            await until(lambda: all(reader.note == "hello" for reader in readers))

    asyncio.run(hold())


@pytest.mark.parametrize("server", SERVERS)
def test_who_does_not_read_is_closed_with_a_code_and_the_others_go_on(
    server: str, start_portal: StartPortal, page: dict[str, str], sensor: Device
) -> None:
    portal = start_portal(server, LIVE_PONG_WITHIN="2")

    async def watch() -> None:
        async with pages(2, portal, page) as (good, slow):
            slow.member.answers = False
            for number in range(3):
                await good.is_told(sensor, f"{number} {'x' * 100_000}")
            assert await asyncio.wait_for(slow.member.closed, PATIENCE) == 4008
            assert slow.frames[-1]["code"] == "slow_reader"
            await good.is_told(sensor, "still there")

    asyncio.run(watch())


def test_who_does_not_read_costs_little_memory(start_portal: StartPortal, page: dict[str, str], sensor: Device) -> None:
    portal = start_portal("daphne", LIVE_PONG_WITHIN="600")

    async def watch() -> None:
        async with pages(1 + SLOW, portal, page) as (good, *others):
            for other in others:
                other.member.transport.pause_reading()
            before = memory(portal)
            for number in range(30):
                await good.is_told(sensor, f"{number} {'x' * 200_000}")
            grown = memory(portal) - before
        print(f"{SLOW} sockets that read nothing of {SLOW * 30 * 0.2:.0f} MB: {grown / MB:.0f} MB")
        assert grown < 40 * MB

    asyncio.run(watch())


def test_who_is_closed_for_not_reading_costs_no_more(
    start_portal: StartPortal, page: dict[str, str], sensor: Device
) -> None:
    """Daphne keeps what a socket has not read, but not for ever."""
    portal = start_portal("daphne", LIVE_PONG_WITHIN="2")

    async def watch() -> None:
        async with pages(1, portal, page) as [slow]:
            slow.member.transport.pause_reading()
            push(sensor, "x" * 300_000)
            await until(lambda: not connections(portal))

    asyncio.run(watch())
