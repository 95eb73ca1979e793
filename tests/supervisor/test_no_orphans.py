import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from tests.waiting import wait_until

pytestmark = pytest.mark.once


class Family:
    """A supervisor in a process of its own, with its descendants."""

    def __init__(self, *options: str, before: tuple[str, ...] = ()) -> None:
        self.supervisor = subprocess.Popen(
            # Tests that are run under nohup would otherwise start a supervisor that has to ignore SIGHUP.
            ["env", "--default-signal=HUP", *before, sys.executable, "-m", "tests.supervisor.family", *options],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        pids = dict(self.next_line().split(" pid ") for _ in range(2))
        self.server, self.user = (psutil.Process(int(pids[name])) for name in ("server", "user"))
        wait_until(self.user.children, what="the grandchild")
        self.descendants = psutil.Process(self.supervisor.pid).children(recursive=True)

    def has_survivors(self) -> bool:
        return any(_runs(process) for process in self.descendants)

    def next_line(self) -> str:
        assert self.supervisor.stdout is not None
        return self.supervisor.stdout.readline()


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def family() -> Iterator[Callable[..., Family]]:
    families: list[Family] = []

    def start(*options: str, **how: Any) -> Family:
        families.append(Family(*options, **how))
        return families[-1]

    yield start
    for started in families:
        for process in filter(_runs, started.descendants):
            process.kill()
        started.supervisor.kill()
        started.supervisor.wait()
        if started.supervisor.stdout is not None:
            started.supervisor.stdout.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_supervisor_leaves_nobody_behind(family: Callable[..., Family], how: signal.Signals) -> None:
    members = family()
    os.kill(members.supervisor.pid, how)
    assert members.supervisor.wait(15) == 0
    assert not members.has_survivors()


def test_ctrl_c_in_the_terminal_leaves_nobody_behind(family: Callable[..., Family]) -> None:
    members = family()
    os.killpg(members.supervisor.pid, signal.SIGINT)
    assert members.supervisor.wait(15) == 0
    assert not members.has_survivors()


def test_with_nohup_it_outlives_the_terminal(family: Callable[..., Family]) -> None:
    members = family(before=("nohup",))
    os.kill(members.supervisor.pid, signal.SIGHUP)
    os.kill(members.supervisor.pid, signal.SIGTERM)
    assert "told by SIGTERM" in members.next_line()


def test_the_children_of_a_killed_supervisor_die_with_it(family: Callable[..., Family]) -> None:
    members = family("--stubborn")
    members.supervisor.kill()
    wait_until(lambda: not _runs(members.server) and not _runs(members.user), what="the end of the children")


def test_a_second_signal_does_not_wait_for_the_stubborn(family: Callable[..., Family]) -> None:
    members = family("--stubborn")
    os.kill(members.supervisor.pid, signal.SIGINT)
    assert "stopping" in members.next_line()
    os.kill(members.supervisor.pid, signal.SIGINT)
    assert members.supervisor.wait(5) == 0
    assert not members.has_survivors()


def test_servers_stop_after_those_who_use_them(family: Callable[..., Family]) -> None:
    members = family("--stubborn")
    os.kill(members.supervisor.pid, signal.SIGTERM)
    wait_until(lambda: not _runs(members.user), 15, "the end of the user")
    assert _runs(members.server)
