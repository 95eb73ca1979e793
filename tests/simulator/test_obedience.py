from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from iotsphere.simulator.obedience import Hand, Manner, Unable
from tests.waiting import wait_until

pytestmark = pytest.mark.once


class Lamp:
    def __init__(self) -> None:
        self.on = True
        self.blinks = 0

    def settings(self) -> dict[str, Any]:
        return {"on": self.on}

    def set(self, desired: dict[str, Any]) -> None:
        self.on = desired["on"]

    def do(self, name: str, params: Mapping[str, Any], moment: float) -> dict[str, Any]:
        if name != "blink":
            raise Unable("It only blinks.")
        self.blinks += 1
        return {"blinked": params["times"]}


class Line:
    """What the lamp has said."""

    def __init__(self) -> None:
        self.replies: list[tuple[str, str, Any, str]] = []
        self.reports: list[tuple[dict[str, Any], int | None]] = []

    def reply(self, command_id: str, status: str, *, result: Any = None, reason: str = "") -> None:
        self.replies.append((command_id, status, result, reason))

    def report(self, state: Mapping[str, Any], version: int | None = None) -> None:
        self.reports.append((dict(state), version))


def command(name: str = "blink", *, expires_in: float = 60) -> dict[str, Any]:
    expires = datetime.now(UTC) + timedelta(seconds=expires_in)
    return {"id": "1", "name": name, "params": {"times": 3}, "expires": expires.isoformat()}


def a_hand(**manner: Any) -> tuple[Hand, Lamp, Line]:
    lamp, line = Lamp(), Line()
    return Hand(lamp, Manner(**{"delay": 0.0, **manner}), line), lamp, line


def test_a_command_is_received_and_then_done() -> None:
    hand, _, line = a_hand()
    hand.command(command())
    hand.work()
    assert line.replies == [("1", "delivered", None, ""), ("1", "succeeded", {"blinked": 3}, "")]


def test_a_command_that_comes_twice_is_done_once() -> None:
    hand, lamp, line = a_hand()
    for _ in range(2):
        hand.command(command())
        hand.work()
    assert lamp.blinks == 1
    assert [status for _, status, *_ in line.replies] == ["delivered", "succeeded", "succeeded"]


def test_a_slow_device_says_first_that_it_has_it() -> None:
    hand, lamp, line = a_hand(delay=0.1)
    hand.command(command())
    hand.work()
    assert [status for _, status, *_ in line.replies] == ["delivered"]

    def has_blinked() -> bool:
        hand.work()
        return lamp.blinks == 1

    wait_until(has_blinked)
    assert line.replies[-1][1] == "succeeded"


def test_a_device_that_hangs_says_nothing() -> None:
    hand, lamp, line = a_hand(answers=False)
    hand.command(command())
    hand.desired(1, {"on": False})
    hand.introduce()
    hand.work()
    assert (line.replies, line.reports, lamp.blinks) == ([], [], 0)


def test_a_refusal_says_why() -> None:
    hand, _, line = a_hand(refuses={"blink": "The bulb is broken."})
    hand.command(command())
    hand.work()
    assert line.replies[-1] == ("1", "rejected", None, "The bulb is broken.")


def test_what_it_cannot_do_fails() -> None:
    hand, _, line = a_hand()
    hand.command(command("sing"))
    hand.work()
    assert line.replies[-1] == ("1", "failed", None, "It only blinks.")


def test_what_comes_too_late_is_not_done() -> None:
    hand, lamp, line = a_hand()
    hand.command(command(expires_in=-1))
    hand.work()
    assert (line.replies[-1][1], lamp.blinks) == ("rejected", 0)


def test_a_setting_is_taken_and_reported() -> None:
    hand, lamp, line = a_hand()
    hand.desired(4, {"on": False})
    hand.work()
    assert (lamp.on, line.reports) == (False, [({"on": False}, 4)])


def test_it_says_what_it_is_set_to_when_it_comes() -> None:
    hand, _, line = a_hand()
    hand.introduce()
    [(state, version)] = line.reports
    assert (state["on"], state["firmware"]["version"], version) == (True, "1.0.0", None)
