import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import ArrayLike

from iotsphere.simulator.columns import Columns, Value
from iotsphere.simulator.play import Actor, Reporter, play
from tests.mqtt_ear import Ear, listening
from tests.servers.brokers import Broker
from tests.waiting import wait_until

pytestmark = pytest.mark.once


class Thermometer:
    def advance(self, moments: ArrayLike) -> Columns:
        return {"temperature": np.asarray(moments) % 100, "mode": np.array(["on"])}

    def resume(self, moment: float, reported: Mapping[str, Value]) -> None: ...


@contextmanager
def playing(broker: Broker, *actors: Actor) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=play, args=(broker.url, actors, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def heard(ear: Ear, actor: Actor, kind: str) -> list[str]:
    """What the actor has said so far, once there is something."""
    return wait_until(lambda: ear.heard(actor.device_id, kind))


def an_actor(*, has_clock: bool = True) -> Actor:
    return Actor(f"actor-{uuid4()}", Thermometer(), interval=0.02, has_clock=has_clock)


def test_every_actor_has_a_connection_of_its_own(broker: Broker) -> None:
    actors = an_actor(), an_actor()
    with listening(broker) as ear, playing(broker, *actors):
        assert [heard(ear, actor, "status") for actor in actors] == [["online"], ["online"]]


def test_all_actors_say_goodbye(broker: Broker) -> None:
    actors = an_actor(), an_actor()
    with listening(broker) as ear:
        with playing(broker, *actors):
            assert all(heard(ear, actor, "status") for actor in actors)
        wait_until(lambda: all(ear.heard(actor.device_id, "status") == ["online", "offline"] for actor in actors))


def test_only_a_device_with_a_clock_says_when_it_measured(broker: Broker) -> None:
    with_clock, without = an_actor(), an_actor(has_clock=False)
    with listening(broker) as ear, playing(broker, with_clock, without):
        assert set(json.loads(heard(ear, with_clock, "telemetry")[0])) == {"telemetry", "timestamp"}
        assert set(json.loads(heard(ear, without, "telemetry")[0])) == {"telemetry"}


def test_an_unchanged_value_is_repeated_now_and_then_only() -> None:
    reporter = Reporter(repeat_after=60)
    values: dict[str, Value] = {"temperature": 20.0, "mode": "on"}
    warmer: dict[str, Value] = {**values, "temperature": 20.1}
    assert reporter.select(1000.0, values) == values
    assert reporter.select(1002.0, values) == {}
    assert reporter.select(1004.0, warmer) == {"temperature": 20.1}
    assert reporter.select(1060.0, warmer) == {"mode": "on"}
