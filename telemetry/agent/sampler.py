"""What this machine is doing, in numbers and short texts."""

import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from heapq import nlargest
from itertools import chain, count
from operator import itemgetter
from pathlib import Path
from typing import Any

import psutil

MAX_MOUNTS = 20
LONGEST_KEY = 64
# Always full, and nobody can do anything about it.
IMAGES = {"squashfs", "iso9660", "erofs", "udf"}
LISTED_PROCESSES = 5
LONGEST_NAME = 32


class Sampler:
    """Measures this machine. Rates and shares of the processors are means since the reading before.

    To be made and read in one thread: psutil remembers the reading before for each.
    """

    def __init__(self) -> None:
        self._network = _network_bytes()
        self._moment = time.monotonic()
        # The first call of each has nothing to compare with and answers 0.
        psutil.cpu_percent()
        _processes()

    def read(self) -> dict[str, float | str]:
        return {**self.numbers(), **_processes()}

    def numbers(self) -> dict[str, float]:
        """cpu, memory and disks in percent, load in runnable processes, network in bytes per second, uptime in s."""
        return {
            "cpu": psutil.cpu_percent(),
            "memory": psutil.virtual_memory().percent,
            **_disks(),
            "load": round(psutil.getloadavg()[0], 2),
            **self._network_rates(),
            "uptime": round(time.time() - psutil.boot_time()),
        }

    def _network_rates(self) -> dict[str, float]:
        network, moment = _network_bytes(), time.monotonic()
        rates: dict[str, float] = {}
        if network and self._network and moment > self._moment:
            for key, now, before in zip(("network_in", "network_out"), network, self._network, strict=True):
                # A counter that went back was reset with its interface.
                rates[key] = round(max(0, now - before) / (moment - self._moment))
        self._network, self._moment = network, moment
        return rates


def mount_key(mount: str, taken: Collection[str] = ()) -> str:
    """`disk.root`, `disk.home`, `disk.srv-data`: the key of the file system mounted there, other than those taken."""
    key = f"disk.{re.sub(r'[^A-Za-z0-9_]+', '-', mount).strip('-') or 'root'}"
    keys = chain([key[:LONGEST_KEY]], (f"{key[: LONGEST_KEY - 4]}-{n}" for n in count(2)))
    return next(key for key in keys if key not in taken)


def _disks() -> dict[str, float]:
    """How full each file system is, by its key, and as `disk` the fullest of them."""
    found: dict[str, float] = {}
    for mount in _mounts():
        try:
            usage = psutil.disk_usage(mount)
        except OSError:
            continue  # unmounted since, or not for this account's eyes
        if usage.total:
            found[mount_key(mount, found)] = usage.percent
    return {"disk": max(found.values()), **found} if found else {}


def _mounts() -> list[str]:
    """Where local file systems are mounted, each named once, by its shortest path."""
    partitions = {
        partition.mountpoint: partition.device
        for partition in psutil.disk_partitions()
        if partition.fstype not in IMAGES and Path(partition.mountpoint).is_dir()
    }
    partitions.setdefault("/", "/")  # in containers it is no partition
    shortest: dict[str, str] = {}
    for mount in sorted(partitions, key=lambda mount: (len(mount), mount)):
        shortest.setdefault(partitions[mount], mount)
    return list(shortest.values())[:MAX_MOUNTS]


def _network_bytes() -> tuple[int, int] | None:
    # None in a container that hides its interfaces: psutil's stubs do not know.
    counters: Any = psutil.net_io_counters()
    return (counters.bytes_recv, counters.bytes_sent) if counters else None


def _processes() -> dict[str, str]:
    """The names that take most of the processors and of the memory: `postgres 41 %, python3 12 %`.

    Names alone: what a process was started with may hold secrets.
    """
    processors, memory = psutil.cpu_count() or 1, psutil.virtual_memory().total
    cpu_shares: dict[str, float] = defaultdict(float)
    memory_shares: dict[str, float] = defaultdict(float)
    for process in psutil.process_iter(["name", "cpu_percent", "memory_info"]):
        info = process.info
        name = info["name"] or "?"
        cpu_shares[name] += (info["cpu_percent"] or 0) / processors
        if used := info["memory_info"]:
            # What processes share would be counted again for each of them.
            memory_shares[name] += 100 * (used.rss - getattr(used, "shared", 0)) / memory
    return {"top_cpu": ", ".join(_listed(cpu_shares)) or "idle", "top_memory": ", ".join(_listed(memory_shares)) or "?"}


def _listed(shares: Mapping[str, float]) -> Iterator[str]:
    for name, share in nlargest(LISTED_PROCESSES, shares.items(), key=itemgetter(1)):
        if share >= 0.1:
            printable = "".join(c if c.isprintable() else "?" for c in name[:LONGEST_NAME])
            yield f"{printable} {share:.1f} %"
