"""How long it takes from a device's publishing to the commit, and to an open page."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from bench.fleet import forget_sessions, register
from bench.options import options
from bench.report import at_most, percentile
from iotsphere.models import User
from telemetry.live.stream import FIELD, STREAM
from tests.servers.installation import Installation

DEVICES = 1000
WARM_UP = 2.0  # seconds that are not counted


def measure(installation: Installation) -> Iterator[str]:
    forget_sessions(installation)
    register(DEVICES)
    installation.start_ingest_worker()
    installation.start_web()
    seconds = options.size(20, 4)
    for rate, budget in ((1_000, 25), (5_000, 100)):
        with Announcements() as announcements, Page(installation) as page:
            _send(installation, rate, seconds)
        committed, seen = announcements.delays(), page.delays()
        yield f"{rate:,} messages/s: published → committed p50 {percentile(committed, 50):.1f} ms"
        yield at_most(f"{rate:,} messages/s: published → committed p99", percentile(committed, 99), budget, "ms")
        yield f"{rate:,} messages/s: published → on an open page p50 {percentile(seen, 50):.0f} ms"
        yield at_most(f"{rate:,} messages/s: published → on an open page p99", percentile(seen, 99), 400, "ms")
    for name in ("web", "ingest"):
        installation.processes.pop(name).stop()


def _send(installation: Installation, rate: int, seconds: float) -> None:
    arguments = (str(installation.broker.port), str(rate), str(WARM_UP + seconds), str(DEVICES))
    subprocess.run([sys.executable, "-m", "bench.publisher", *arguments], check=True, stdout=subprocess.DEVNULL)
    time.sleep(1)


class Watcher:
    """Hears of values "sent" while it is a context, each with the time when it was heard of."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, Any]] = []
        self._thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self) -> None:
        raise NotImplementedError

    def devices(self, heard: Any) -> dict[str, Any]:
        raise NotImplementedError

    def delays(self) -> list[float]:
        """In milliseconds."""
        found = [
            (values["sent"]["value"], at)
            for at, heard in self.heard
            for device in self.devices(heard).values()
            if "sent" in (values := device.get("values", {}))
        ]
        begin = min(sent for sent, _ in found) + WARM_UP
        return [1000 * (at - sent) for sent, at in found if sent > begin]


class Announcements(Watcher):
    """What the ingest worker says right after each commit, at the time that Redis notes: to the millisecond."""

    def __enter__(self) -> "Announcements":
        self._redis = redis.Redis.from_url(settings.REDIS_URL)
        newest: Any = self._redis.xrevrange(STREAM, count=1)
        self._cursor = newest[0][0] if newest else b"0-0"
        self._ended = False
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()

    def watch(self) -> None:
        while not self._ended:
            answer: Any = self._redis.xread({STREAM: self._cursor}, count=1000, block=200)
            for _, entries in answer:
                for entry_id, fields in entries:
                    self.heard.append((int(entry_id.split(b"-")[0]) / 1000, fields[FIELD]))
                    self._cursor = entry_id

    def devices(self, heard: bytes) -> dict[str, Any]:
        return json.loads(heard).get("devices", {})


class Page(Watcher):
    """A page that shows the whole project."""

    def __init__(self, installation: Installation) -> None:
        super().__init__()
        self._host = installation.host

    def __enter__(self) -> "Page":
        client = Client()
        client.force_login(User.objects.get(username="root"))
        self._socket: ClientConnection = connect(
            f"ws://{self._host}/ws/live/",
            origin=Origin(f"http://{self._host}"),
            additional_headers={"Cookie": f"sessionid={client.cookies['sessionid'].value}"},
            max_size=None,
        )
        self._socket.send(json.dumps({"type": "subscribe", "id": "bench", "project": "bench"}))
        ready, state = (json.loads(self._socket.recv()) for _ in range(2))
        if (ready["type"], state["type"]) != ("ready", "state"):
            raise RuntimeError(f"The page is not shown the project: {ready}, {state}")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._thread.join()

    def watch(self) -> None:
        try:
            while True:
                frame = self._socket.recv(decode=True)
                self.heard.append((time.time(), frame))
                if frame.startswith('{"type":"ping"'):
                    self._socket.send(frame.replace("ping", "pong"))
        except ConnectionClosed:
            pass

    def devices(self, heard: str) -> dict[str, Any]:
        return json.loads(heard).get("devices", {})
