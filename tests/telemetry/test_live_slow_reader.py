"""A client that reads slowly costs a bounded amount of memory and misses no last value; one that stops is left."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from devices.models import Device, Project
from iotsphere.models import User
from telemetry import live as stream
from telemetry.live.hub import _hubs
from telemetry.live.reader import ASK_AFTER, MOST_UNREAD, MOST_UNREAD_FRAMES
from tests.factories import NOON, DeviceFactory
from tests.fixtures.sockets import Frame, Live, LiveSocket, LoopThread
from tests.waiting import wait_until

pytestmark = pytest.mark.once


@pytest.fixture
def sensor(acme: Project) -> Device:
    return DeviceFactory.create(device_id="sensor", project=acme)


@pytest.fixture
def socket(live: Live, vera: User, sensor: Device) -> LiveSocket:
    socket = live(vera)
    socket.ask({"type": "subscribe", "id": "x", "devices": ["sensor"]})
    return socket


def push(device: Device, value: str, *, second: int = 0) -> None:
    time = NOON + timedelta(seconds=second)
    stream.push({device.device_id: {"project": device.project_id, "values": {"note": {"value": value, "time": time}}}})


def note(frame: Frame) -> Any:
    return frame["devices"]["sensor"]["values"]["note"]["value"]


def fill(socket: LiveSocket, sensor: Device, size: int = MOST_UNREAD) -> str:
    """Send so much that the client is asked whether it has read it; the mark it is asked for."""
    push(sensor, size * "x")
    assert len(note(socket.receive())) == size
    question = socket.receive()
    assert question["type"] == "ping"
    mark: str = question["mark"]
    return mark


def test_who_does_not_answer_is_told_so_and_closed(socket: LiveSocket, sensor: Device, settings: Settings) -> None:
    settings.LIVE_PONG_WITHIN = 0.05
    fill(socket, sensor, ASK_AFTER)
    error = socket.receive()
    assert (error["type"], error["code"]) == ("error", "slow_reader")
    assert socket.receive() == {"type": "close", "code": 4008}


def test_who_answers_stays(socket: LiveSocket, sensor: Device) -> None:
    socket.send({"type": "pong", "mark": fill(socket, sensor)})
    assert fill(socket, sensor)


def test_an_answer_ends_the_wait_for_it(
    socket: LiveSocket, sensor: Device, settings: Settings, live: Live, vera: User
) -> None:
    settings.LIVE_PONG_WITHIN = 1
    socket.send({"type": "pong", "mark": fill(socket, sensor, ASK_AFTER)})
    other = live(vera)
    other.ask({"type": "subscribe", "id": "x", "devices": ["sensor"]})
    fill(other, sensor, ASK_AFTER - 1000)
    assert other.receive()["code"] == "slow_reader"  # a second has passed
    assert socket.receive()["type"] == "change"
    assert socket.receive_nothing()


def test_what_comes_meanwhile_waits_and_is_one_frame_with_the_last_value(
    socket: LiveSocket, sensor: Device, web: LoopThread
) -> None:
    mark = fill(socket, sensor)
    for second, value in enumerate(("first", "second", "last")):
        push(sensor, value, second=second)
    wait_until(lambda: "last" in waiting(web))
    assert socket.receive_nothing()
    assert note(socket.ask({"type": "pong", "mark": mark})) == "last"
    assert socket.receive_nothing()


def test_a_state_waits_too(socket: LiveSocket, sensor: Device) -> None:
    mark = fill(socket, sensor)
    socket.send({"type": "subscribe", "id": "y", "devices": ["sensor"]})
    assert socket.receive_nothing()
    state = socket.ask({"type": "pong", "mark": mark})
    assert (state["type"], state["id"]) == ("state", "y")


def test_who_asks_for_thousands_of_answers_and_reads_none_is_closed(live: Live, vera: User) -> None:
    socket = live(vera)
    for _ in range(MOST_UNREAD_FRAMES + 2):
        socket.send({"type": "ping"})
    while (frame := socket.receive())["type"] in ("pong", "ping"):
        pass
    assert frame["code"] == "slow_reader"
    assert socket.receive() == {"type": "close", "code": 4008}


def test_more_than_a_client_is_sent_at_once_is_not_made_up_for_but_its_state_sent(
    live: Live, vera: User, sensor: Device
) -> None:
    socket = live(vera)
    socket.ask({"type": "subscribe", "id": "x", "devices": ["sensor"]})
    push(sensor, "before")
    cursor = socket.receive()["cursor"]
    socket.close()
    for second in range(3):
        push(sensor, MOST_UNREAD // 2 * "x", second=second)
    again = live(vera)
    assert again.ask({"type": "subscribe", "id": "x", "devices": ["sensor"], "cursor": cursor})["type"] == "state"


def waiting(web: LoopThread) -> str:
    """What waits for the subscriptions in the web process."""
    return "".join(
        subscription.pending.json
        for feed in list(_hubs[web.loop]._feeds.values())
        for subscription in list(feed.subscriptions)
        if subscription.pending
    )
