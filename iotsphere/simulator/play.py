"""Simulated devices on the wire: each with its own MQTT client, for as long as nobody says stop."""

import heapq
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from iotsphere.simulator.columns import Simulated, Value, reading
from iotsphere.simulator.firmware import FIRST_VERSION
from iotsphere.simulator.obedience import Hand, Manner, Obedient, Unable
from telemetry.device_link import DeviceLink, close_all

REPEAT_UNCHANGED = 20.0
ATTENTION = 0.1  # seconds between two looks at what devices are told


@dataclass(slots=True)
class Reporter:
    """Reports by exception, as devices on a slow line do: an unchanged value is repeated now and then only."""

    repeat_after: float = REPEAT_UNCHANGED
    _sent: dict[str, tuple[float, Value]] = field(default_factory=dict)

    def select(self, moment: float, values: dict[str, Value]) -> dict[str, Value]:
        news = {key: value for key, value in values.items() if self._is_news(moment, key, value)}
        self._sent |= {key: (moment, value) for key, value in news.items()}
        return news

    def _is_news(self, moment: float, key: str, value: Value) -> bool:
        sent_at, sent = self._sent.get(key, (0.0, None))
        return value != sent or moment - sent_at >= self.repeat_after


@dataclass(slots=True)
class Actor:
    """A simulated device that plays its part over MQTT."""

    device_id: str
    simulated: Simulated
    interval: float
    has_clock: bool = True
    reporter: Reporter = field(default_factory=Reporter)
    manner: Manner = field(default_factory=Manner)
    firmware: str = FIRST_VERSION

    def settings(self) -> dict[str, Any]:
        return self.simulated.settings() if isinstance(self.simulated, Obedient) else {}

    def set(self, desired: dict[str, Any]) -> None:
        if isinstance(self.simulated, Obedient):
            self.simulated.set(desired)

    def do(self, name: str, params: Mapping[str, Any], moment: float) -> dict[str, Any]:
        if not isinstance(self.simulated, Obedient):
            raise Unable("It takes no commands.")
        result = self.simulated.do(name, params, moment)
        if name == "set_interval":
            self.interval = float(params["seconds"])
        return result


def play(url: str, actors: Sequence[Actor], stop: threading.Event) -> None:
    """Connect every actor, publish what it measures, each at its own interval, and do as it is told, until `stop`."""
    links = [DeviceLink(url, actor.device_id, backlog=100 if actor.has_clock else 0) for actor in actors]
    hands = [Hand(actor, actor.manner, link, actor.firmware) for actor, link in zip(actors, links, strict=True)]
    for link, hand in zip(links, hands, strict=True):
        link.obey(hand.command, hand.desired, hand.introduce)
        link.open()
    # Spread over the first second: devices do not measure in step.
    start = time.monotonic()
    due = [(start + (1 + i) / (1 + len(actors)), i) for i in range(len(actors))]
    try:
        while due and not stop.wait(min(max(0.0, due[0][0] - time.monotonic()), ATTENTION)):
            for hand in hands:
                hand.work()
            planned, i = due[0]
            if planned <= time.monotonic():
                _publish(actors[i], links[i])
                heapq.heapreplace(due, (max(planned + actors[i].interval, time.monotonic()), i))
    finally:
        close_all(links)


def _publish(actor: Actor, link: DeviceLink) -> None:
    now = datetime.now(UTC)
    news = actor.reporter.select(now.timestamp(), reading(actor.simulated, now.timestamp()))
    if news:
        link.send(news, at=now if actor.has_clock else None)
