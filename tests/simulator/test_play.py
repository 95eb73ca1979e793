import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike

from iotsphere.simulator.columns import Columns, Value
from iotsphere.simulator.play import Actor, Reporter, play
from tests.mqtt_ear import listening
from tests.servers.brokers import Broker
from tests.waiting import wait_until


class Thermometer:
    def advance(self, moments: ArrayLike) -> Columns:
        return {"temperature": np.asarray(moments) % 100, "mode": np.array(["on"])}

    def resume(self, moment: float, reported: Mapping[str, Value]) -> None: ...


@contextmanager
def playing(broker: Broker, *actors: Actor) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=play, args=(broker.url, actors, stop))
    thread.start()
    yield
    stop.set()
    thread.join(5)


def an_actor(*, has_clock: bool = True) -> Actor:
    return Actor(f"actor-{uuid4()}", Thermometer(), interval=0.02, has_clock=has_clock)


def test_every_actor_has_a_connection_of_its_own(broker: Broker) -> None:
    actors = an_actor(), an_actor()
    with listening(broker) as ear, playing(broker, *actors):
        for actor in actors:
            wait_until(lambda actor=actor: ear.heard(actor.device_id, "status") == ["online"])


def test_all_actors_say_goodbye(broker: Broker) -> None:
    actors = an_actor(), an_actor()
    with listening(broker) as ear:
        with playing(broker, *actors):
            for actor in actors:
                wait_until(lambda actor=actor: ear.heard(actor.device_id, "telemetry"))
        for actor in actors:
            wait_until(lambda actor=actor: ear.heard(actor.device_id, "status") == ["online", "offline"])


def test_only_a_device_with_a_clock_says_when_it_measured(broker: Broker) -> None:
    with_clock, without = an_actor(), an_actor(has_clock=False)
    with listening(broker) as ear, playing(broker, with_clock, without):
        timed = json.loads(wait_until(lambda: ear.heard(with_clock.device_id, "telemetry"))[0])
        untimed = json.loads(wait_until(lambda: ear.heard(without.device_id, "telemetry"))[0])
    assert set(timed) == {"telemetry", "timestamp"}
    assert set(untimed) == {"telemetry"}


def test_an_unchanged_value_is_repeated_once_a_minute_only() -> None:
    reporter, values = Reporter(), {"temperature": 20.0, "mode": "on"}
    assert reporter.select(1000.0, {**values}) == values
    assert reporter.select(1002.0, {**values}) == {}
    assert reporter.select(1004.0, {**values, "temperature": 20.1}) == {"temperature": 20.1}
    assert reporter.select(1060.0, {**values, "temperature": 20.1}) == {"mode": "on"}
