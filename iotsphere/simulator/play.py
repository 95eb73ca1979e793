"""Simulated devices on the wire: each with its own MQTT client, for as long as nobody says stop."""

import heapq
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from iotsphere.simulator.columns import Simulated, Value, reading
from telemetry.device_link import DeviceLink, close_all

REPEAT_UNCHANGED = 20.0


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


def play(url: str, actors: Sequence[Actor], stop: threading.Event) -> None:
    """Connect every actor and publish what it measures, each at its own interval, until `stop` is set."""
    links = [DeviceLink(url, actor.device_id, backlog=100 if actor.has_clock else 0) for actor in actors]
    for link in links:
        link.open()
    # Spread over the first second: devices do not measure in step.
    start = time.monotonic()
    due = [(start + (1 + i) / (1 + len(actors)), i) for i in range(len(actors))]
    try:
        while due and not stop.wait(max(0.0, due[0][0] - time.monotonic())):
            planned, i = due[0]
            _publish(actors[i], links[i])
            heapq.heapreplace(due, (max(planned + actors[i].interval, time.monotonic()), i))
    finally:
        close_all(links)


def _publish(actor: Actor, link: DeviceLink) -> None:
    now = datetime.now(UTC)
    news = actor.reporter.select(now.timestamp(), reading(actor.simulated, now.timestamp()))
    if news:
        link.send(news, at=now if actor.has_clock else None)
