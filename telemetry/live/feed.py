"""From a stream that may bring hundreds of entries a second to four frames a second for each subscription.

Subscriptions to the same devices share a feed: what is new is collected once, keeping the latest of each value, and
encoded once. A socket that reads slowly makes its subscription collect further; what waits for it never grows beyond
one state of its devices.
"""

from asyncio import TimerHandle
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias, cast

import orjson
from prometheus_client import Counter

from telemetry.live.events import DeviceState, News

ROUTING = {"project", "user"}  # parts of news that say whom it is for, and are not told
INTERVAL = 0.25  # seconds between two frames of a subscription

MERGED = Counter("iotsphere_live_frames_merged", "Frames that waited for a slow socket and became one with the next.")

# Of devices: a project by its primary key with all it has, or one device of it. Other topics have tuples of their own.
Route: TypeAlias = int | tuple[int | str, ...]
Subject: TypeAlias = frozenset[Route]
States: TypeAlias = dict[str, DeviceState]  # by device ID; of other topics, what they tell by their IDs


def merge(states: States, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Bring `states` up to date with later `changes`, which stay as they are."""
    for device_id, change in changes.items():
        state = states.setdefault(device_id, {})
        values = {**state.get("values", {}), **change.get("values", {})}
        commands = {**state.get("commands", {}), **change.get("commands", {})}
        # mypy knows no way to leave a key out of a TypedDict.
        state.update(cast(DeviceState, {key: value for key, value in change.items() if key not in ROUTING}))
        if values:
            state["values"] = values
        if commands:
            state["commands"] = commands


class Batch:
    """What is new up to a cursor. It does not change; several subscriptions share it."""

    def __init__(self, cursor: str, states: States) -> None:
        self.cursor = cursor
        self.states = states
        self._then: tuple[Batch, Batch] | None = None

    @classmethod
    def of(cls, cursor: str, changes: News) -> "Batch":
        states: States = {}
        merge(states, changes)
        return cls(cursor, states)

    @cached_property
    def json(self) -> str:
        return orjson.dumps(self.states).decode()

    def then(self, later: "Batch") -> "Batch":
        """Both in one. Subscriptions that fall behind do so together: they share that too."""
        if self._then is None or self._then[0] is not later:
            states: States = {}
            merge(states, self.states)
            merge(states, later.states)
            self._then = later, Batch(later.cursor, states)
        return self._then[1]


class Subscription:
    """One subscription of one socket: what it is to be sent next."""

    def __init__(self, subject: Subject, wake: Callable[[], Any]) -> None:
        self.subject = subject
        self.cursor = ""  # where in the stream it joined
        self.pending: Batch | None = None
        self.wake = wake

    def offer(self, batch: Batch) -> None:
        if self.pending is None:
            self.pending = batch
        else:
            self.pending = self.pending.then(batch)
            MERGED.inc()

    def take(self) -> Batch | None:
        batch, self.pending = self.pending, None
        return batch


class Feed:
    """What the subscriptions to one subject share. `time` and `call_at` are those of the event loop."""

    def __init__(self, time: Callable[[], float], call_at: Callable[..., TimerHandle]) -> None:
        self.subscriptions: set[Subscription] = set()
        self._time = time
        self._call_at = call_at
        self._timer: TimerHandle | None = None
        self._not_before = 0.0
        self._states: States = {}
        self._cursor = ""

    def add(self, cursor: str, changes: News) -> None:
        """Pass on what a new entry of the stream tells, at once or when the last frame is long enough ago."""
        merge(self._states, changes)
        self._cursor = cursor
        if self._timer is None:
            self._timer = self._call_at(max(self._time(), self._not_before), self._flush)

    def join(self, subscription: Subscription) -> None:
        # What waits is older than the newcomer: it is the others'.
        self._hand_over()
        self.subscriptions.add(subscription)

    def leave(self, subscription: Subscription) -> bool:
        """Whether that was the last one."""
        self.subscriptions.discard(subscription)
        if self.subscriptions:
            return False
        if self._timer is not None:
            self._timer.cancel()
        return True

    def _flush(self) -> None:
        self._timer = None
        self._not_before = self._time() + INTERVAL
        self._hand_over()
        for subscription in self.subscriptions:
            subscription.wake()

    def _hand_over(self) -> None:
        if not self._states:
            return
        batch = Batch(self._cursor, self._states)
        self._states = {}
        for subscription in self.subscriptions:
            subscription.offer(batch)
