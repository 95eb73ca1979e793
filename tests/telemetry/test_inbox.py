import threading
from dataclasses import dataclass

import pytest

from telemetry.inbox import Inbox
from tests.waiting import wait_until

pytestmark = pytest.mark.once


@dataclass(frozen=True)
class Parcel:
    name: str
    size: int = 1


def inbox(max_items: int = 100, max_bytes: int = 1000) -> Inbox[Parcel]:
    return Inbox(max_items, max_bytes)


def test_all_that_waits_is_taken_in_its_order() -> None:
    box = inbox()
    for name in "abc":
        box.put(Parcel(name))
    assert [parcel.name for parcel in box.take(10)] == ["a", "b", "c"]


def test_no_more_is_taken_than_asked_for() -> None:
    box = inbox()
    for name in "abc":
        box.put(Parcel(name))
    assert [len(box.take(2)), len(box.take(2))] == [2, 1]


def waits_until_taken(box: Inbox[Parcel], parcel: Parcel) -> bool:
    """Whether the parcel gets in only after something was taken out."""
    thread = threading.Thread(target=box.put, args=[parcel], daemon=True)
    before = len(box)
    thread.start()
    thread.join(0.1)
    waited = thread.is_alive() and len(box) == before
    box.take(1)
    thread.join(10)
    return waited and not thread.is_alive() and len(box) == before


def test_who_brings_one_too_many_waits() -> None:
    box = inbox(max_items=2)
    box.put(Parcel("a"))
    box.put(Parcel("b"))
    assert waits_until_taken(box, Parcel("c"))


def test_who_brings_too_much_waits() -> None:
    box = inbox(max_bytes=100)
    box.put(Parcel("a", 60))
    assert waits_until_taken(box, Parcel("b", 60))


def test_what_is_larger_than_the_box_gets_in_alone() -> None:
    box = inbox(max_bytes=100)
    assert box.put(Parcel("a", 1000))


def test_a_closed_box_takes_nothing() -> None:
    box = inbox()
    box.close()
    assert not box.put(Parcel("a"))


def test_a_closed_box_gives_what_it_has() -> None:
    box = inbox()
    box.put(Parcel("a"))
    box.close()
    assert [box.take(10), box.take(10)] == [[Parcel("a")], []]


def test_closing_sends_those_away_who_wait() -> None:
    box = inbox(max_items=1)
    box.put(Parcel("a"))
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(box.put(Parcel("b"))), daemon=True)
    thread.start()
    box.close()
    wait_until(lambda: answers)
    assert answers == [False]
