"""At most four frames a second for each subscription, each value once. The clock is the test's."""

from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.live.events import DeviceChange, DeviceState
from telemetry.live.feed import INTERVAL, Batch, Feed, States, Subscription, merge

pytestmark = pytest.mark.once


class Clock:
    """An event loop's time and timers."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> TimerHandle:
        timer = (when, callback)
        self.timers.append(timer)

        class Handle:
            def cancel(_) -> None:  # noqa: N805
                self.timers.remove(timer)

        return cast(TimerHandle, Handle())

    def advance(self, to: float) -> None:
        while due := [timer for timer in self.timers if timer[0] <= to]:
            timer = min(due, key=lambda timer: timer[0])
            self.timers.remove(timer)
            self.now = max(self.now, timer[0])
            timer[1]()
        self.now = to


class Page:
    """A subscription to a feed, and the frames it was sent with their times."""

    def __init__(self, clock: Clock, feed: Feed) -> None:
        self.clock = clock
        self.frames: list[tuple[float, Batch]] = []
        self.subscription = Subscription(frozenset({1}), self.read)
        feed.join(self.subscription)

    def read(self) -> None:
        if (batch := self.subscription.take()) is not None:
            self.frames.append((self.clock.now, batch))

    @property
    def times(self) -> list[float]:
        return [time for time, _ in self.frames]


def change(**values: float) -> dict[str, DeviceChange]:
    return {"sensor": {"project": 1, "values": {key: {"value": value, "time": ""} for key, value in values.items()}}}


def values(batch: Batch) -> dict[str, Any]:
    return {key: value["value"] for key, value in batch.states["sensor"]["values"].items()}


def make() -> tuple[Clock, Feed, Page]:
    clock = Clock()
    feed = Feed(clock.time, clock.call_at)
    return clock, feed, Page(clock, feed)


def test_a_change_after_a_silence_comes_at_once() -> None:
    clock, feed, page = make()
    clock.advance(10)
    feed.add("1-0", change(temperature=20.0))
    clock.advance(10)
    assert page.times == [10]


def test_the_next_one_waits_for_its_turn() -> None:
    clock, feed, page = make()
    feed.add("1-0", change(temperature=20.0))
    clock.advance(0.01)
    feed.add("2-0", change(temperature=21.0))
    clock.advance(10)
    assert page.times == [0, INTERVAL]


def test_of_what_waits_the_latest_value_is_sent() -> None:
    clock, feed, page = make()
    feed.add("1-0", change(temperature=20.0, humidity=40.0))
    feed.add("2-0", change(temperature=21.0))
    clock.advance(1)
    assert [values(batch) for _, batch in page.frames] == [{"temperature": 21.0, "humidity": 40.0}]


def test_the_cursor_is_that_of_the_newest_entry() -> None:
    clock, feed, page = make()
    feed.add("1-0", change(temperature=20.0))
    feed.add("2-0", change(humidity=40.0))
    clock.advance(1)
    assert page.frames[0][1].cursor == "2-0"


def test_who_joins_is_not_sent_what_came_before() -> None:
    clock, feed, page = make()
    feed.add("1-0", change(temperature=20.0))
    newcomer = Page(clock, feed)
    feed.add("2-0", change(humidity=40.0))
    clock.advance(1)
    assert [values(batch) for _, batch in newcomer.frames] == [{"humidity": 40.0}]
    assert [values(batch) for _, batch in page.frames] == [{"temperature": 20.0, "humidity": 40.0}]


def test_those_who_watch_the_same_share_what_is_encoded() -> None:
    clock, feed, page = make()
    other = Page(clock, feed)
    feed.add("1-0", change(temperature=20.0))
    clock.advance(1)
    assert page.frames[0][1] is other.frames[0][1]


def test_what_waits_for_a_slow_reader_is_one_state_of_its_devices() -> None:
    clock, feed, page = make()
    page.subscription.wake = lambda: None
    for second in range(100):
        feed.add(f"{second}-0", change(temperature=float(second)))
        clock.advance(second + 1)
    page.read()
    assert [values(batch) for _, batch in page.frames] == [{"temperature": 99.0}]


def test_nothing_is_due_once_the_last_has_left() -> None:
    clock, feed, page = make()
    feed.add("1-0", change(temperature=20.0))
    assert feed.leave(page.subscription)
    assert clock.timers == []


@given(st.lists(st.floats(min_value=0, max_value=0.5), max_size=60))
def test_never_more_than_four_a_second(pauses: list[float]) -> None:
    clock, feed, page = make()
    for number, pause in enumerate(pauses):
        clock.advance(clock.now + pause)
        feed.add(f"{number}-0", change(temperature=float(number)))
    clock.advance(clock.now + 1)
    gaps = [later - earlier for earlier, later in zip(page.times, page.times[1:], strict=False)]
    assert all(gap >= INTERVAL - 1e-9 for gap in gaps)


@given(st.lists(st.floats(min_value=0, max_value=0.5), min_size=1, max_size=60))
def test_and_the_last_value_always_arrives(pauses: list[float]) -> None:
    clock, feed, page = make()
    for number, pause in enumerate(pauses):
        clock.advance(clock.now + pause)
        feed.add(f"{number}-0", change(temperature=float(number)))
    clock.advance(clock.now + 1)
    assert values(page.frames[-1][1]) == {"temperature": float(len(pauses) - 1)}


keys = st.sampled_from(["temperature", "humidity", "battery"])
device_states = st.fixed_dictionaries(
    {},
    optional={
        "presence": st.sampled_from(["online", "stale", "offline"]),
        "values": st.dictionaries(keys, st.fixed_dictionaries({"value": st.floats(allow_nan=False)})),
    },
)
changes = st.dictionaries(st.sampled_from(["a", "b"]), device_states)


@given(st.lists(changes, max_size=8), st.integers(min_value=0, max_value=8))
def test_merging_in_parts_is_merging_all(entries: list[dict[str, DeviceState]], middle: int) -> None:
    whole: States = {}
    first: States = {}
    second: States = {}
    for number, entry in enumerate(entries):
        merge(whole, entry)
        merge(first if number < middle else second, entry)
    assert Batch("1-0", first).then(Batch("2-0", second)).states == whole


def test_those_who_fall_behind_together_share_what_waits_for_them() -> None:
    clock, feed, page = make()
    other = Page(clock, feed)
    for each in (page, other):
        each.subscription.wake = lambda: None
    for second in range(3):
        feed.add(f"{second}-0", change(temperature=float(second)))
        clock.advance(second + 1)
    assert page.subscription.take() is other.subscription.take()
