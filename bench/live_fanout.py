"""How many frames a second one web process sends to open pages, against a group of the channel layer.

The same number of sockets of the same client and the same text in one run. The client shares the machine with the web
process, so what counts is how many deliveries a second of processor is good for.
"""

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
import psutil
from channels.layers import get_channel_layer
from django.contrib.auth import get_user_model
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from bench.fanout_app import GROUP
from bench.options import options
from bench.report import at_least, at_most, percentile
from devices.models import Device, Project
from telemetry import live
from tests.crowd import Member, join
from tests.servers.child import Child
from tests.servers.installation import Installation
from tests.servers.ports import ReservedPort, is_listening

DEVICE = "fanout"
PACE = 4  # messages a second: what the portal allows a subscription
FLAT_OUT = 60  # more than a process can do
SERVERS = {
    "daphne": ("daphne", "-v", "0", "-b", "127.0.0.1"),
    "uvicorn": ("uvicorn", "--log-level", "error", "--lifespan", "off"),
}
SILENCE = 1.0  # seconds after which nothing more is on its way


Frame = dict[str, Any]
Publish = Callable[[float], Awaitable[None]]  # at this time


@dataclass
class Tally:
    """What came of what was published."""

    offered: int = 0
    seconds: float = 0.0
    processor: float = 0.0  # seconds of the web process
    milliseconds: list[float] = field(default_factory=list)  # of each delivery

    @property
    def capacity(self) -> float:
        """Deliveries that a second of processor is good for."""
        return len(self.milliseconds) / self.processor

    def __str__(self) -> str:
        delivered = len(self.milliseconds)
        return (
            f"{delivered / self.seconds:,.0f} deliveries/s ({self.capacity:,.0f} for a second of processor), "
            f"p50 {percentile(self.milliseconds, 50):,.1f} ms, p99 {percentile(self.milliseconds, 99):,.1f} ms, "
            f"{self.offered - delivered:,} of {self.offered:,} merged or dropped"
        )


class Crowd:
    """Open pages, as far as their sockets go."""

    def __init__(self, web: Child) -> None:
        self.tally = Tally()
        self.states = 0
        self._process = psutil.Process(web.pid)
        self._members: list[Member] = []
        self._heard_at = 0.0

    async def join(self, url: str, size: int, *frames: Frame) -> None:
        for _ in range(size):
            self._members.append(member := await join(url, self._hear, {}))
            for frame in frames:
                member.say(frame)
        if frames:
            while self.states < size:
                await asyncio.sleep(0.01)

    def leave(self) -> None:
        for member in self._members:
            member.transport.abort()

    async def told(self, publish: Publish, rate: float, seconds: float, times: int = 1) -> Tally:
        """Publish at a rate, and wait until all has come that comes."""
        self.tally = tally = Tally()
        processor = sum(self._process.cpu_times()[:2])
        begin = time.time()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + number / rate - time.time()))
            await publish(time.time())
            tally.offered += len(self._members)
        while self._heard_at < begin or time.time() < self._heard_at + SILENCE:
            await asyncio.sleep(0.05)
        tally.seconds = self._heard_at - begin
        tally.processor = sum(self._process.cpu_times()[:2]) - processor
        return tally

    async def pass_on(self, now: float) -> None:
        self._members[0].say(_text(now))

    def _hear(self, text: bytes) -> None:
        self._heard_at = time.time()
        frame = orjson.loads(text)
        if frame["type"] == "change":
            sent = frame["devices"][DEVICE]["values"]["sent"]["value"]
            self.tally.milliseconds.append(1000 * (self._heard_at - sent))
        self.states += frame["type"] == "state"


def measure(installation: Installation) -> Iterator[str]:
    size, seconds = options.size(500, 50), options.size(10, 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * size, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    project, _ = Project.objects.get_or_create(slug="bench", defaults={"name": "Bench"})
    Device.objects.get_or_create(device_id=DEVICE, defaults={"name": "Fanout", "project": project})
    token = str(AccessToken.for_user(get_user_model().objects.get(username="root")))
    subscribe = ({"type": "authenticate", "token": token}, {"type": "subscribe", "id": "x", "devices": [DEVICE]})

    async def push(now: float) -> None:
        live.push({DEVICE: {"project": project.pk, **_news(now)}})  # type: ignore[typeddict-item]  # mypy knows no ** here

    async def send_to_group(now: float) -> None:
        layer: Any = get_channel_layer()
        await layer.group_send(GROUP, {"type": "news", "text": _text(now)})

    limits = {"LIVE_SOCKETS_PER_USER": str(size), "LIVE_SUBSCRIPTIONS_PER_USER": str(size), "LIVE_INTERVAL": "0"}
    for server, command in SERVERS.items():
        port = ReservedPort().release()
        where = ("--port", str(port), "bench.fanout_app:application")
        web = installation.start("fanout", "-m", *command, *where, **limits)
        web.wait_until(partial(is_listening, port))
        address = f"ws://127.0.0.1:{port}"
        ways = {
            "the hub": asyncio.run(told(Crowd(web), f"{address}/ws/live/", size, seconds, subscribe, push)),
            "group_send": asyncio.run(told(Crowd(web), f"{address}/bench/group/", size, seconds, (), send_to_group)),
            "nothing else": asyncio.run(told(Crowd(web), f"{address}/bench/bare/", size, seconds)),
        }
        installation.processes.pop("fanout").stop()
        for way, tallies in ways.items():
            for rate, tally in zip((PACE, FLAT_OUT), tallies, strict=True):
                yield f"{server}, {size} sockets, {rate} messages/s, {way}: {tally}"
        (calm, hub), (_, group), (calm_bare, _) = ways.values()
        yield at_least(f"{server}, the hub v. group_send", hub.capacity / group.capacity, 4)
        yield at_least(f"{server}, the hub v. 20,000 deliveries/s of processor", hub.capacity / 20_000, 1)
        yield f"{server}, the hub v. {server} with nothing else: {calm.capacity / calm_bare.capacity:.2f} ×"
        yield at_most(f"{server}, the hub, p99 at {PACE} messages/s", percentile(calm.milliseconds, 99), 50, "ms")


async def told(
    crowd: Crowd, url: str, size: int, seconds: float, frames: Sequence[Frame] = (), publish: Publish | None = None
) -> list[Tally]:
    """What comes of publishing at a calm pace and flat out; without a way to publish a socket of the crowd does it."""
    await crowd.join(url, size, *frames)
    tallies = [await crowd.told(publish or crowd.pass_on, rate, seconds) for rate in (PACE, FLAT_OUT)]
    crowd.leave()
    return tallies


def _news(now: float) -> Frame:
    at = timezone.now()
    values = {"temperature": 25.5, "humidity": 60.2, "battery": 3.8, "sent": now}
    return {"last_message": at, "values": {key: {"value": value, "time": at} for key, value in values.items()}}


def _text(now: float) -> str:
    frame = {"type": "change", "id": "x", "cursor": "1766146880123-0", "devices": {DEVICE: _news(now)}}
    return orjson.dumps(frame, option=orjson.OPT_UTC_Z).decode()
