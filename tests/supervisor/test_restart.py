import asyncio
import os
import sys
from collections.abc import Callable

import psutil
import pytest

from iotsphere.supervisor import process
from iotsphere.supervisor.process import Child, Program, pause_before_restart
from tests.waiting import wait_until

pytestmark = pytest.mark.once


class Heard(list[tuple[str, str]]):
    """What children said and what was said about them."""

    def tell(self, name: str, line: str) -> None:
        self.append((name, line))

    def lines(self) -> list[str]:
        return [line for _, line in self]

    async def wait_for(self, sought: str, times: int = 1) -> None:
        async with asyncio.timeout(10):
            while sum(sought in line for line in self.lines()) < times:
                await asyncio.sleep(0.01)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def run(heard: Heard) -> Callable[[str], Child]:
    """Run lines of Python as a child."""

    def run(script: str) -> Child:
        return Child(Program("child", (sys.executable, "-u", "-c", script)), os.environ, heard.tell)

    return run


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FIRST_PAUSE", 0.01)


def test_pauses_double_up_to_half_a_minute() -> None:
    assert [pause_before_restart(lives) for lives in (1, 2, 3, 7, 50)] == [0.5, 1, 2, 30, 30]


async def test_a_child_that_ends_is_started_again(heard: Heard, run: Callable[[str], Child], quick: None) -> None:
    child = run("print('here')")
    await heard.wait_for("here", times=3)
    await child.stop(5)


async def test_how_it_ended_and_when_it_comes_back_is_said(
    heard: Heard, run: Callable[[str], Child], quick: None
) -> None:
    child = run("import os; os._exit(3)")
    await heard.wait_for("starting it again", times=2)
    await child.stop(5)
    assert heard[:2] == [
        ("child", "ended with exit code 3; starting it again in 0.01 s"),
        ("child", "ended with exit code 3; starting it again in 0.02 s"),
    ]


async def test_a_signal_is_called_by_its_name(heard: Heard, run: Callable[[str], Child], quick: None) -> None:
    child = run("import os; os.kill(os.getpid(), 9)")
    await heard.wait_for("ended by SIGKILL")
    await child.stop(5)


async def test_after_a_long_life_the_pause_is_short_again(
    heard: Heard, run: Callable[[str], Child], quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LONG_LIFE", 0.0)
    child = run("pass")
    await heard.wait_for("starting it again", times=3)
    await child.stop(5)
    assert {line for line in heard.lines() if "again" in line} == {
        "ended with exit code 0; starting it again in 0.01 s"
    }


async def test_a_program_that_is_not_there_is_tried_again(heard: Heard, quick: None) -> None:
    child = Child(Program("child", ("/no/such/program",)), os.environ, heard.tell)
    await heard.wait_for("could not be started", times=2)
    await child.stop(5)


async def test_a_stopped_child_may_tidy_up(heard: Heard, run: Callable[[str], Child]) -> None:
    child = run(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('tidied up'), sys.exit()))\n"
        "print('here'); time.sleep(60)"
    )
    await heard.wait_for("here")
    await child.stop(5)
    assert heard.lines() == ["here", "tidied up"]


async def test_a_child_that_does_not_stop_is_killed(heard: Heard, run: Callable[[str], Child]) -> None:
    child = run(
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(os.getpid()); time.sleep(60)"
    )
    await heard.wait_for("")
    await child.stop(0.1)
    assert not psutil.pid_exists(int(heard.lines()[0]))


async def test_a_child_takes_its_own_children_along(heard: Heard, run: Callable[[str], Child]) -> None:
    child = run("import subprocess, time\nprint(subprocess.Popen(['sleep', '60']).pid); time.sleep(60)")
    await heard.wait_for("")
    grandchild = psutil.Process(int(heard.lines()[0]))
    await child.stop(5)
    wait_until(lambda: not _runs(grandchild), what="the end of the grandchild")


async def test_a_child_that_waits_to_be_restarted_stops_at_once(heard: Heard, run: Callable[[str], Child]) -> None:
    child = run("pass")
    await heard.wait_for("starting it again in 0.5 s")
    await child.stop(0.2)
    assert "killed" not in str(heard)


async def test_a_terminal_receives_no_control_characters(heard: Heard, run: Callable[[str], Child]) -> None:
    child = run(r"print('\x1b[31mred\x1b]0;title\x07', flush=True); import time; time.sleep(60)")
    await heard.wait_for("red")
    await child.stop(5)
    assert heard.lines()[0] == "[31mred]0;title"


async def test_a_progress_bar_becomes_lines(heard: Heard, run: Callable[[str], Child]) -> None:
    child = run(r"print('10 %\r50 %\r100 %'); import time; time.sleep(60)")
    await heard.wait_for("100 %")
    await child.stop(5)
    assert heard.lines() == ["10 %", "50 %", "100 %"]


async def test_ctrl_c_in_a_terminal_reaches_children_through_the_supervisor_alone(
    heard: Heard, run: Callable[[str], Child]
) -> None:
    child = run("import os; print(os.getpgid(0) == os.getpid()); import time; time.sleep(60)")
    await heard.wait_for("True")
    await child.stop(5)


def _runs(process_: psutil.Process) -> bool:
    try:
        return process_.is_running() and process_.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
