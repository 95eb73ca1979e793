import json

import pytest
from pytest_django import Settings

from devices.models import Device, Project
from iotsphere.models import User
from telemetry.consumers import MOST_SUBSCRIPTIONS
from telemetry.live.frames import MOST_BYTES
from telemetry.live.socket import MOST_BAD_FRAMES
from telemetry.live.state import MOST_DEVICES
from tests.factories import DeviceFactory
from tests.fixtures.sockets import Live, OpenSocket, access_token

pytestmark = pytest.mark.once


@pytest.fixture
def sensor(acme: Project) -> Device:
    return DeviceFactory.create(device_id="sensor", project=acme)


def test_a_ping_is_answered(live: Live, vera: User) -> None:
    assert live(vera).ask({"type": "ping"}) == {"type": "pong"}


BAD_FRAMES = [
    "",
    "not JSON",
    "null",
    "[]",
    '"ping"',
    "{}",
    '{"type": 5}',
    '{"type": "dance"}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "id": 5, "devices": ["sensor"]}',
    '{"type": "subscribe", "id": "", "devices": ["sensor"]}',
    '{"type": "subscribe", "id": "x"}',
    '{"type": "subscribe", "id": "x", "devices": []}',
    '{"type": "subscribe", "id": "x", "devices": "sensor"}',
    '{"type": "subscribe", "id": "x", "devices": [null]}',
    '{"type": "subscribe", "id": "x", "project": ["acme"]}',
    '{"type": "subscribe", "id": "x", "project": "acme", "devices": ["sensor"]}',
    '{"type": "subscribe", "id": "x", "devices": ["sensor"], "cursor": 5}',
    '{"type": "unsubscribe"}',
    '{"type": "unsubscribe", "id": ["x"]}',
    '{"type": "resume"}',
    '{"type": "authenticate"}',
    '{"type": "authenticate", "token": {}}',
    json.dumps({"type": "ping", "padding": "x" * MOST_BYTES}),
    "[" * 50_000,
]


def test_bad_frames_are_answered_with_what_to_do(live: Live, vera: User) -> None:
    socket = live(vera)
    for text in BAD_FRAMES:
        socket.send_text(text)
        answer = socket.receive()
        assert (answer["type"], answer["code"], answer["detail"][-1]) == ("error", "bad_request", "."), text[:60]
        assert socket.ask({"type": "ping"}) == {"type": "pong"}


def test_a_binary_frame_is_one(live: Live, vera: User) -> None:
    socket = live(vera)
    socket.send_bytes(b"\xff\x00")
    assert socket.receive()["code"] == "bad_request"


def test_too_many_in_a_row_close_it(live: Live, vera: User) -> None:
    socket = live(vera)
    for _ in range(MOST_BAD_FRAMES):
        socket.send_text("not JSON")
        assert socket.receive()["code"] == "bad_request"
    assert socket.receive() == {"type": "close", "code": 1008}


def test_an_error_names_the_subscription(live: Live, vera: User) -> None:
    assert live(vera).ask({"type": "subscribe", "id": "mine", "devices": []})["id"] == "mine"


def test_what_no_device_can_be_called_is_not_found(live: Live, vera: User) -> None:
    socket = live(vera)
    for what in ({"devices": ["\0"]}, {"devices": ["x" * 1000]}, {"project": "\0"}, {"project": ""}):
        assert socket.ask({"type": "subscribe", "id": "x", **what})["code"] == "not_found"


def test_ending_a_subscription_that_is_none_does_nothing(live: Live, vera: User) -> None:
    socket = live(vera)
    socket.send({"type": "unsubscribe", "id": "x"})
    assert socket.receive_nothing()


def test_a_name_may_hold_anything(live: Live, vera: User, sensor: Device) -> None:
    name = 'quote " backslash \\ newline \n ü 🌡'
    assert live(vera).ask({"type": "subscribe", "id": name, "devices": ["sensor"]})["id"] == name


def test_a_socket_has_a_limited_number_of_subscriptions(live: Live, vera: User, sensor: Device) -> None:
    socket = live(vera)
    for number in range(MOST_SUBSCRIPTIONS):
        assert socket.ask({"type": "subscribe", "id": str(number), "devices": ["sensor"]})["type"] == "state"
    assert socket.ask({"type": "subscribe", "id": "one more", "devices": ["sensor"]})["code"] == "limit"


def test_a_subscription_has_a_limited_number_of_devices(live: Live, vera: User) -> None:
    devices = [f"device-{number}" for number in range(MOST_DEVICES + 1)]
    assert live(vera).ask({"type": "subscribe", "id": "x", "devices": devices})["code"] == "limit"


def test_all_sockets_of_an_account_have_a_limited_number_of_them(
    live: Live, vera: User, sensor: Device, settings: Settings
) -> None:
    settings.LIVE_SUBSCRIPTIONS_PER_USER = 2
    first, second = live(vera), live(vera)
    for socket, name in ((first, "a"), (second, "b")):
        assert socket.ask({"type": "subscribe", "id": name, "devices": ["sensor"]})["type"] == "state"
    assert first.ask({"type": "subscribe", "id": "c", "devices": ["sensor"]})["code"] == "limit"


def test_a_subscription_of_a_name_in_use_is_not_one_more(
    live: Live, vera: User, sensor: Device, settings: Settings
) -> None:
    settings.LIVE_SUBSCRIPTIONS_PER_USER = 1
    socket = live(vera)
    for _ in range(2):
        assert socket.ask({"type": "subscribe", "id": "a", "devices": ["sensor"]})["type"] == "state"


def test_an_account_has_a_limited_number_of_sockets(
    live: Live, open_socket: OpenSocket, vera: User, settings: Settings
) -> None:
    settings.LIVE_SOCKETS_PER_USER = 1
    live(vera)
    one_more = open_socket({})
    assert one_more.receive()["type"] == "authenticate"
    assert one_more.ask({"type": "authenticate", "token": access_token(vera)})["code"] == "limit"
    assert one_more.receive() == {"type": "close", "code": 4429}


def test_sockets_of_others_do_not_count(live: Live, vera: User, oscar: User, settings: Settings) -> None:
    settings.LIVE_SOCKETS_PER_USER = 1
    live(vera)
    assert live(oscar).ask({"type": "ping"}) == {"type": "pong"}


def test_signing_in_once_more_is_not_one_more(open_socket: OpenSocket, vera: User, settings: Settings) -> None:
    settings.LIVE_SOCKETS_PER_USER = 1
    socket = open_socket({})
    socket.receive()
    for _ in range(2):
        assert socket.ask({"type": "authenticate", "token": access_token(vera)})["type"] == "ready"
