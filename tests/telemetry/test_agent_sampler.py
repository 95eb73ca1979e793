import re
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from telemetry.agent import sampler
from telemetry.agent.sampler import Sampler, mount_key
from telemetry.decode import MAX_TEXT, is_key

pytestmark = pytest.mark.once

NUMBERS = {"cpu", "memory", "disk", "disk.root", "load", "network_in", "network_out", "uptime"}
TEXTS = {"top_cpu", "top_memory"}


class Partition(NamedTuple):
    mountpoint: str
    device: str
    fstype: str = "ext4"


class Usage(NamedTuple):
    total: int
    percent: float


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`mounted(("/srv", "/dev/b", 90.0), …)`: file systems there are, how full they are, in percent."""

    def mounted(*partitions: tuple[str, str, float], fstype: str = "ext4") -> None:
        usages = {mount: Usage(1, percent) for mount, _, percent in partitions}
        found = [Partition(mount, device, fstype) for mount, device, _ in partitions]
        monkeypatch.setattr(psutil, "disk_partitions", lambda: found)
        monkeypatch.setattr(psutil, "disk_usage", usages.__getitem__)
        monkeypatch.setattr(Path, "is_dir", lambda _: True)

    return mounted


def disks(reading: dict[str, float]) -> dict[str, float]:
    return {key: value for key, value in reading.items() if key.startswith("disk")}


def test_it_measures_this_machine() -> None:
    reading = Sampler().read()
    assert reading.keys() >= NUMBERS | TEXTS
    assert all(is_key(key) for key in reading)


def test_shares_are_percentages() -> None:
    numbers = Sampler().numbers()
    assert all(0 <= value <= 100 for key, value in numbers.items() if key in ("cpu", "memory") or key in disks(numbers))


def test_an_interface_that_was_reset_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sampling = Sampler()
    monkeypatch.setattr(sampler, "_network_bytes", lambda: (0, 0))
    reading = sampling.numbers()
    assert (reading["network_in"], reading["network_out"]) == (0, 0)


def test_a_machine_without_network_counters_sends_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "_network_bytes", lambda: None)
    assert Sampler().read().keys() >= (NUMBERS | TEXTS) - {"network_in", "network_out"}


def test_each_file_system_has_a_key_and_the_fullest_is_the_disk(mounted: Any) -> None:
    mounted(("/", "/dev/a", 40.0), ("/srv/my data", "/dev/b", 90.0))
    assert disks(Sampler().numbers()) == {"disk": 90.0, "disk.root": 40.0, "disk.srv-my-data": 90.0}


def test_a_file_system_that_is_mounted_twice_is_measured_once(mounted: Any) -> None:
    mounted(("/var/lib/private/agent", "/dev/a", 40.0), ("/", "/dev/a", 40.0))
    assert disks(Sampler().numbers()) == {"disk": 40.0, "disk.root": 40.0}


def test_images_are_no_disks(mounted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted(("/snap/core", "/dev/loop1", 100.0), fstype="squashfs")
    monkeypatch.setattr(psutil, "disk_usage", lambda mount: Usage(1, {"/": 40.0}[mount]))
    assert disks(Sampler().numbers()) == {"disk": 40.0, "disk.root": 40.0}


def test_a_file_system_that_went_away_is_left_out(mounted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def usage(mount: str) -> Usage:
        if mount == "/gone":
            raise FileNotFoundError(mount)
        return Usage(1, 40.0)

    mounted(("/", "/dev/a", 40.0), ("/gone", "/dev/b", 1.0))
    monkeypatch.setattr(psutil, "disk_usage", usage)
    assert disks(Sampler().numbers()) == {"disk": 40.0, "disk.root": 40.0}


@pytest.mark.parametrize(
    ("mount", "key"),
    [
        ("/", "disk.root"),
        ("/home", "disk.home"),
        ("/srv/data.1/ä", "disk.srv-data-1"),
        ("/" + "x" * 90, "disk." + "x" * 59),
        ("C:\\", "disk.C"),
    ],
)
def test_any_mount_gives_a_key(mount: str, key: str) -> None:
    assert mount_key(mount) == key
    assert is_key(key)


@pytest.mark.parametrize("mount", ["/root", "/" + "x" * 90])
def test_mounts_whose_keys_are_alike_are_told_apart(mount: str) -> None:
    first = mount_key(mount)
    second = mount_key(mount, [first])
    assert second not in (first, mount_key(mount, [first, second]))
    assert is_key(second)


def test_processes_are_named_with_their_shares() -> None:
    largest = Sampler().read()["top_memory"]
    assert re.fullmatch(r"[^,]+ \d+\.\d %(, [^,]+ \d+\.\d %){0,4}", str(largest))


def test_processes_with_odd_names_fit_what_the_portal_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        def __init__(self, number: int) -> None:
            self.info = {"name": f"{number}\0\ud800" + "ä" * 300, "cpu_percent": 500.0, "memory_info": None}

    monkeypatch.setattr(psutil, "process_iter", lambda _: map(Process, range(20)))
    busiest = str(Sampler().read()["top_cpu"])
    assert busiest.isprintable()
    assert busiest.count("%") == 5
    assert len(busiest) <= MAX_TEXT


def test_a_process_that_may_not_be_looked_at_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        info = {"name": None, "cpu_percent": None, "memory_info": None}

    monkeypatch.setattr(psutil, "process_iter", lambda _: [Process()])
    assert Sampler().read()["top_cpu"] == "idle"
