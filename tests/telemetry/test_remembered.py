from collections.abc import Collection

import pytest

from telemetry import remembered
from telemetry.remembered import AT_ONCE, FRESH, LONGEST, Remembered

pytestmark = pytest.mark.once


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Shelf:
    """What others write to, and what it was asked for."""

    def __init__(self, **values: int) -> None:
        self.values = values
        self.asked: list[set[str]] = []

    def read(self, keys: Collection[str]) -> dict[str, int]:
        self.asked.append(set(keys))
        return {key: self.values[key] for key in keys if key in self.values}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(remembered, "time", clock)
    return clock


def test_what_was_found_is_not_read_again() -> None:
    shelf = Shelf(a=1)
    known = Remembered(shelf.read, 10)
    assert known.find(["a"]) == known.find(["a"]) == {"a": 1}
    assert shelf.asked == [{"a"}]


def test_what_does_not_exist_is_read_each_time() -> None:
    shelf = Shelf()
    known = Remembered(shelf.read, 10)
    assert known.find(["a"]) == {}
    shelf.values["a"] = 1
    assert known.find(["a"]) == {"a": 1}


def test_what_another_process_changes_is_noticed_after_a_while(clock: Clock) -> None:
    shelf = Shelf(a=1, b=1)
    known = Remembered(shelf.read, 10)
    known.find(["a", "b"])
    shelf.values = {"a": 2}
    clock.now += LONGEST - 0.1
    assert known.find(["a", "b"]) == {"a": 1, "b": 1}
    clock.now += 0.2
    assert known.find(["a", "b"]) == {"a": 2}


def test_what_became_old_together_is_read_anew_by_parts(clock: Clock) -> None:
    names = [f"sensor-{number}" for number in range(2 * AT_ONCE)]
    shelf = Shelf(**dict.fromkeys(names, 1))
    known = Remembered(shelf.read, 10 * AT_ONCE)
    known.find(names)
    clock.now += FRESH
    for start in range(0, len(names), 50):
        known.find(names[start : start + 50])
    assert shelf.asked[1:] == [set(names[:AT_ONCE]), set(names[AT_ONCE:])]


def test_what_is_forgotten_is_read_anew() -> None:
    shelf = Shelf(a=1)
    known = Remembered(shelf.read, 10)
    known.find(["a"])
    shelf.values["a"] = 2
    known.forget()
    assert known.find(["a"]) == {"a": 2}


def test_what_is_forgotten_while_it_is_read_is_not_remembered() -> None:
    def read(keys: Collection[str]) -> dict[str, int]:
        found = shelf.read(keys)
        known.forget()
        return found

    shelf = Shelf(a=1)
    known = Remembered(read, 10)
    known.find(["a"])
    known.find(["a"])
    assert len(shelf.asked) == 2


def test_so_much_is_remembered_and_no_more() -> None:
    shelf = Shelf(a=1, b=2, c=3)
    known = Remembered(shelf.read, 2)
    for key in "abc":
        known.find([key])
    known.find(["b", "c"])
    assert len(shelf.asked) == 3
    known.find(["a"])
    assert len(shelf.asked) == 4
