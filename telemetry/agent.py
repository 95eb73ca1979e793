"""The server agent: what this machine is doing, sent as telemetry once a minute.

Needs psutil and paho but no Django, so that it can run on servers that have no portal.
"""

import logging
import re
import signal
import socket
import threading
import time
from datetime import UTC, datetime
from typing import Any

import psutil

from telemetry.device_link import DeviceLink

logger = logging.getLogger(__name__)

DEFAULT_INTERVAL = 60.0


def default_device_id(hostname: str | None = None) -> str:
    """`server-<hostname>`, with everything a device ID must not hold replaced by dashes."""
    host = re.sub(r"[^A-Za-z0-9_.-]+", "-", hostname or socket.gethostname()).strip("-.")
    return f"server-{host}"[:64].rstrip("-.") if host else "server"


class Sampler:
    """Measures this machine. Rates and the processor's share are means since the reading before."""

    def __init__(self, disk: str = "/") -> None:
        self.disk = disk
        self._network = _network_bytes()
        self._moment = time.monotonic()
        psutil.cpu_percent()  # the first call has nothing to compare with and answers 0

    def read(self) -> dict[str, float]:
        """cpu, memory, disk in percent, load in runnable processes, network in bytes per second, uptime in s."""
        reading = {
            "cpu": psutil.cpu_percent(),
            "memory": psutil.virtual_memory().percent,
            "disk": psutil.disk_usage(self.disk).percent,
            "load": round(psutil.getloadavg()[0], 2),
            "uptime": round(time.time() - psutil.boot_time()),
        }
        network, moment = _network_bytes(), time.monotonic()
        if network and self._network and moment > self._moment:
            for key, now, before in zip(("network_in", "network_out"), network, self._network, strict=True):
                # A counter that went back was reset with its interface.
                reading[key] = round(max(0, now - before) / (moment - self._moment))
        self._network, self._moment = network, moment
        return reading


def run(url: str, device_id: str, *, interval: float = DEFAULT_INTERVAL, stop: threading.Event) -> None:
    """Measure and send every `interval` seconds until `stop` is set; the first reading comes after one second."""
    sampler, link = Sampler(), DeviceLink(url, device_id)
    link.open()
    try:
        due = time.monotonic() + min(interval, 1.0)
        while not stop.wait(max(0.0, due - time.monotonic())):
            if not link.send(sampler.read(), at=datetime.now(UTC)):
                logger.warning("%s: the backlog is full, a reading is dropped", device_id)
            due = max(due + interval, time.monotonic())
    finally:
        link.close()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set. To be called in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _network_bytes() -> tuple[int, int] | None:
    # None in a container that hides its interfaces: psutil's stubs do not know.
    counters: Any = psutil.net_io_counters()
    return (counters.bytes_recv, counters.bytes_sent) if counters else None
