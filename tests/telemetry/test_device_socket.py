"""The WebSocket door."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from devices.credentials import issue
from devices.models import Credential, CredentialKind, Device, Lifecycle, Presence, Project
from telemetry.device_socket import consumer, frames, intake, link
from telemetry.device_socket.consumer import MOST_LISTED, MOST_UNANSWERED
from telemetry.ingest import ingest
from telemetry.live.socket import MOST_BAD_FRAMES
from telemetry.models import LedgerHour, Reading
from tests.factories import DeviceFactory
from tests.fixtures.device_sockets import DEVICE_SOCKET, ConnectDevice, telemetry
from tests.fixtures.sockets import OpenSocket
from tests.waiting import wait_until

pytestmark = pytest.mark.once

ApiKey = tuple[Credential, str]
UNAUTHENTICATED = {"type": "close", "code": 4401}
ONE = {"received": 1, "stored": 1, "duplicate": 0, "quarantined": 0, "rejected": [], "unlisted": 0}


# --- Who is there ---


def test_a_key_in_the_header_opens_it(open_socket: OpenSocket, api_key: ApiKey) -> None:
    socket = open_socket({"authorization": f"Bearer {api_key[1]}"}, DEVICE_SOCKET)
    assert socket.receive() == {"type": "ready", "device": "sensor", "most_unanswered": MOST_UNANSWERED}


def test_a_key_in_the_first_frame_opens_it(open_socket: OpenSocket, api_key: ApiKey) -> None:
    socket = open_socket({}, DEVICE_SOCKET)
    assert socket.receive() == {"type": "authenticate", "within": 10}
    assert socket.ask({"type": "authenticate", "key": api_key[1]})["type"] == "ready"


def test_a_browsers_page_needs_a_key_like_everybody(open_socket: OpenSocket) -> None:
    socket = open_socket({"origin": "http://elsewhere.example", "host": "testserver"}, DEVICE_SOCKET)
    assert socket.receive()["type"] == "authenticate"


@pytest.mark.parametrize("key", ["", "iot_x_y", "iot_0123456789abcdef_" + "x" * 43])
def test_a_wrong_key_closes_it(open_socket: OpenSocket, api_key: ApiKey, key: str) -> None:
    for socket in (open_socket({"authorization": f"Bearer {key}"}, DEVICE_SOCKET), open_socket({}, DEVICE_SOCKET)):
        if (first := socket.receive())["type"] == "authenticate":
            first = socket.ask({"type": "authenticate", "key": key})
        assert first["code"] == "unauthenticated"
        assert socket.receive() == UNAUTHENTICATED


def test_telemetry_without_a_key_closes_it(open_socket: OpenSocket) -> None:
    socket = open_socket({}, DEVICE_SOCKET)
    socket.receive()
    assert socket.ask(telemetry())["code"] == "unauthenticated"
    assert socket.receive() == UNAUTHENTICATED
    assert not LedgerHour.objects.exists()


def test_who_sends_no_key_in_time_is_turned_away(open_socket: OpenSocket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "AUTHENTICATE_WITHIN", 0)
    socket = open_socket({}, DEVICE_SOCKET)
    assert [socket.receive()["type"] for _ in range(2)] == ["authenticate", "error"]
    assert socket.receive() == UNAUTHENTICATED


def test_before_the_key_only_little_is_read(open_socket: OpenSocket) -> None:
    socket = open_socket({}, DEVICE_SOCKET)
    socket.receive()
    assert socket.ask({"type": "authenticate", "key": "x" * frames.MOST_BYTES_BEFORE_KEY})["code"] == "too_large"


def test_a_key_can_be_changed_on_an_open_socket(connect_device: ConnectDevice, sensor: Device, api_key: ApiKey) -> None:
    socket = connect_device()
    successor = issue(sensor, CredentialKind.API_KEY, None)[1]
    assert socket.ask({"type": "authenticate", "key": successor})["type"] == "ready"
    api_key[0].revoke()
    assert socket.ask(telemetry())["type"] == "ack"


def test_a_socket_stays_with_its_device(connect_device: ConnectDevice) -> None:
    other = issue(DeviceFactory.create(), CredentialKind.API_KEY, None)[1]
    assert connect_device().ask({"type": "authenticate", "key": other})["code"] == "bad_request"


def test_a_revoked_key_closes_it_at_once(connect_device: ConnectDevice, api_key: ApiKey) -> None:
    socket = connect_device()
    api_key[0].revoke()
    assert socket.receive()["code"] == "unauthenticated"
    assert socket.receive() == UNAUTHENTICATED


def test_a_key_that_is_revoked_while_it_signs_in_closes_it(
    open_socket: OpenSocket, api_key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up_and_revoke(key: str, address: str) -> Any:
        found = link.link_with(key, address)
        api_key[0].revoke()
        return found

    monkeypatch.setattr(consumer, "link_with", look_up_and_revoke)
    socket = open_socket({"authorization": f"Bearer {api_key[1]}"}, DEVICE_SOCKET)
    assert [socket.receive()["type"] for _ in range(2)] == ["ready", "error"]
    assert socket.receive() == UNAUTHENTICATED


def test_a_key_that_expires_closes_it(open_socket: OpenSocket, sensor: Device) -> None:
    soon = timezone.now() + timedelta(seconds=1)
    key = issue(sensor, CredentialKind.API_KEY, None, expires_at=soon)[1]
    socket = open_socket({"authorization": f"Bearer {key}"}, DEVICE_SOCKET)
    assert [socket.receive()["type"] for _ in range(2)] == ["ready", "error"]
    assert socket.receive() == UNAUTHENTICATED


@pytest.mark.parametrize("lifecycle", [Lifecycle.DISABLED, Lifecycle.ARCHIVED])
def test_a_device_out_of_service_is_closed_at_once(
    connect_device: ConnectDevice, open_socket: OpenSocket, sensor: Device, api_key: ApiKey, lifecycle: str
) -> None:
    socket = connect_device()
    sensor.lifecycle = lifecycle
    sensor.save()
    again = open_socket({"authorization": f"Bearer {api_key[1]}"}, DEVICE_SOCKET)
    for closing in (socket, again):
        assert closing.receive()["code"] == "disabled"
        assert closing.receive() == {"type": "close", "code": 4403}


def test_a_device_that_is_deleted_is_closed_at_once(connect_device: ConnectDevice, sensor: Device) -> None:
    socket = connect_device()
    sensor.delete()
    assert socket.receive()["code"] == "unauthenticated"


def test_what_happens_to_another_device_does_not_concern_it(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    other = DeviceFactory.create()
    issue(other, CredentialKind.API_KEY, None)[0].revoke()
    other.delete()
    assert socket.receive_nothing()


# --- Telemetry ---


def test_telemetry_is_stored_when_it_is_acknowledged(connect_device: ConnectDevice) -> None:
    assert connect_device().ask(telemetry("a")) == {"type": "ack", "id": "a", "receipt": ONE}
    assert Reading.objects.get().value == 25.5


@pytest.mark.parametrize("name", ["ü 🌡 \n", "x" * 64, 5, -1.5, None])
def test_a_frame_may_be_called_anything(connect_device: ConnectDevice, name: Any) -> None:
    answer = connect_device().ask(telemetry(name))
    assert (answer["type"], answer["id"]) == ("ack", name)


def test_what_is_sent_again_is_a_duplicate(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    frame = telemetry(timestamp=timezone.now().isoformat())
    assert socket.ask(frame)["receipt"] == ONE
    assert socket.ask(frame)["receipt"] == {**ONE, "stored": 0, "duplicate": 1}


def test_a_frame_may_hold_a_list(connect_device: ConnectDevice) -> None:
    messages: list[Any] = [{"telemetry": {"temperature": 1}}, {"telemetry": {"humidity": None}}, 7]
    receipt = connect_device().ask({"type": "telemetry", "id": 1, "messages": messages})["receipt"]
    assert (receipt["received"], receipt["stored"]) == (3, 1)
    assert [(item["index"], item["reason"]) for item in receipt["rejected"]] == [(1, "not_a_value"), (2, "wrong_shape")]


def test_a_gateway_sends_for_its_child(connect_device: ConnectDevice, sensor: Device, acme: Project) -> None:
    DeviceFactory.create(device_id="child", parent=sensor, project=acme)
    assert connect_device().ask(telemetry(device_id="child"))["receipt"] == ONE
    assert Reading.objects.get().metric.device.device_id == "child"


def test_a_device_does_not_send_for_another(connect_device: ConnectDevice) -> None:
    DeviceFactory.create(device_id="other")
    receipt = connect_device().ask(telemetry(device_id="other"))["receipt"]
    assert [item["reason"] for item in receipt["rejected"]] == ["not_allowed"]


def test_one_bad_number_does_not_spoil_the_rest(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    for text in (
        '{"type": "telemetry", "id": 1, "telemetry": {"a": NaN, "b": 1}}',
        '{"type": "telemetry", "id": 1, "messages": [{"telemetry": {"a": NaN, "b": 1}}]}',
    ):
        socket.send_text(text)
        answer = socket.receive()
        assert (answer["id"], answer["receipt"]["stored"]) == (1, 1)
        assert [(item["key"], item["reason"]) for item in answer["receipt"]["rejected"]] == [("a", "not_finite")]


def test_a_binary_frame_is_read_too(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    socket.send_bytes(json.dumps(telemetry()).encode())
    assert socket.receive()["receipt"] == ONE


def test_answers_come_in_the_order_of_the_frames(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    for number in range(50):
        socket.send(telemetry(number))
    assert [socket.receive()["id"] for _ in range(50)] == list(range(50))


def test_an_answer_lists_a_limited_number_of_rejections(connect_device: ConnectDevice) -> None:
    values: dict[str, Any] = {f"k{n}": None for n in range(MOST_LISTED + 50)}
    receipt = connect_device().ask({"type": "telemetry", "telemetry": values})["receipt"]
    assert (len(receipt["rejected"]), receipt["unlisted"]) == (MOST_LISTED, 50)


def test_a_ping_is_answered(connect_device: ConnectDevice) -> None:
    assert connect_device().ask({"type": "ping"}) == {"type": "pong"}


# --- What goes wrong ---

BAD_FRAMES = [
    "", "not JSON", "null", "[]", '"ping"', "{}", '{"type": 5}', '{"type": "dance"}', '{"type": "command"}',
    '{"type": "telemetry", "id": true}', '{"type": "telemetry", "id": ""}', '{"type": "telemetry", "id": {}}',
    '{"type": "telemetry", "id": "\\ud800"}', json.dumps({"type": "telemetry", "id": "x" * 65}),
    '{"type": "authenticate"}', '{"type": "authenticate", "key": {}}', "[" * 50_000,
]  # fmt: skip


def test_bad_frames_are_answered_with_what_to_do(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    for text in BAD_FRAMES:
        socket.send_text(text)
        answer = socket.receive()
        assert (answer["type"], answer["code"], answer["detail"][-1]) == ("error", "bad_request", "."), text[:60]
        assert socket.receive_nothing()


def test_a_frame_that_cannot_be_read_is_counted(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    socket.send_bytes(b"\xff\x00")
    assert socket.receive()["code"] == "bad_request"
    wait_until(lambda: LedgerHour.objects.filter(sender="sensor", rejected=1).exists())


def test_a_large_frame_is_refused_and_counted(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    socket.send(telemetry(padding="x" * 300_000))
    assert socket.receive()["code"] == "too_large"
    wait_until(lambda: LedgerHour.objects.filter(sender="sensor", rejected=1).exists())


def test_too_many_bad_frames_in_a_row_close_it(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    for _ in range(MOST_BAD_FRAMES):
        socket.send_text("{}")
        assert socket.receive()["code"] == "bad_request"
    assert socket.receive() == {"type": "close", "code": 1008}


def test_more_frames_than_a_minute_allows_are_to_be_sent_later(connect_device: ConnectDevice, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 3
    socket = connect_device()
    answers = [socket.ask(telemetry(n)) for n in range(4)]
    assert [answer["type"] for answer in answers] == ["ack"] * 3 + ["error"]
    assert (answers[3]["id"], answers[3]["code"]) == (3, "limit")
    assert 0 < answers[3]["retry_after"] <= 60


def test_without_a_database_nothing_is_taken(connect_device: ConnectDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_batch: Any) -> Any:
        raise OperationalError("connection refused")

    socket = connect_device()
    monkeypatch.setattr(intake, "ingest", away)
    answer = socket.ask(telemetry("a"))
    assert (answer["id"], answer["code"], answer["retry_after"] > 0) == ("a", "unavailable", True)
    monkeypatch.undo()
    assert socket.ask(telemetry("a"))["type"] == "ack"


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[int]]]:
    """While the event is not set nothing is stored; and the sizes of the batches."""
    event = threading.Event()
    sizes: list[int] = []

    def wait_and_ingest(batch: Any) -> Any:
        sizes.append(len(batch))
        assert event.wait(30)
        return ingest(batch)

    monkeypatch.setattr(intake, "ingest", wait_and_ingest)
    yield event, sizes
    event.set()


Held = tuple[threading.Event, list[int]]


def test_what_waits_is_stored_together(connect_device: ConnectDevice, held_up: Held) -> None:
    may_store, sizes = held_up
    sockets = [connect_device(), connect_device()]
    sockets[0].send(telemetry(0))
    wait_until(lambda: sizes)
    for number in range(1, 21):
        sockets[number % 2].send(telemetry(number))
    assert all(socket.receive_nothing() for socket in sockets)  # they have been read, and nothing is acknowledged
    may_store.set()
    names = [sockets[0].receive()["id"] for _ in range(11)] + [sockets[1].receive()["id"] for _ in range(10)]
    assert sorted(names) == list(range(21))
    assert sizes == [1, 20]


def test_no_more_waits_than_is_allowed(connect_device: ConnectDevice, held_up: Held, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 10_000
    may_store, _ = held_up
    socket = connect_device()
    for number in range(MOST_UNANSWERED):
        socket.send(telemetry(number))
    refused = socket.ask(telemetry("one more"))
    assert (refused["id"], refused["code"]) == ("one more", "limit")
    may_store.set()
    assert [socket.receive()["id"] for _ in range(MOST_UNANSWERED)] == list(range(MOST_UNANSWERED))
    assert socket.ask(telemetry("one more"))["type"] == "ack"


def test_all_sockets_together_keep_no_more_than_is_allowed(
    connect_device: ConnectDevice, held_up: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_BYTES", 200)
    may_store, _ = held_up
    socket = connect_device()
    socket.send(telemetry(1, padding="x" * 100))
    socket.send(telemetry(2, padding="x" * 100))
    may_store.set()
    first, second = socket.receive(), socket.receive()
    assert (first["type"], second["type"], second["code"]) == ("ack", "error", "unavailable")


def test_a_socket_that_closes_loses_nothing_that_it_had_sent(connect_device: ConnectDevice, held_up: Held) -> None:
    may_store, sizes = held_up
    socket = connect_device()
    socket.send(telemetry())
    wait_until(lambda: sizes)
    socket.close()
    may_store.set()
    wait_until(Reading.objects.exists)


# --- Presence ---


def row(device: Device) -> Device:
    return Device.objects.get(pk=device.pk)


def test_a_device_is_online_from_connecting_to_disconnecting(connect_device: ConnectDevice, sensor: Device) -> None:
    socket = connect_device()
    assert row(sensor).presence == Presence.ONLINE
    assert row(sensor).last_connect is not None
    socket.close()
    wait_until(lambda: row(sensor).presence == Presence.OFFLINE)
    assert row(sensor).last_disconnect is not None


def test_a_device_that_has_connected_anew_stays_online_when_the_old_socket_ends(
    connect_device: ConnectDevice, sensor: Device
) -> None:
    old, _new = connect_device(), connect_device()
    old.close()
    assert row(sensor).presence == Presence.ONLINE


def test_a_device_that_was_silent_is_offline_when_its_socket_ends(
    connect_device: ConnectDevice, sensor: Device
) -> None:
    socket = connect_device()
    Device.objects.update(presence=Presence.OFFLINE)  # as after a long silence
    socket.ask(telemetry())
    assert row(sensor).presence == Presence.ONLINE
    socket.close()
    assert row(sensor).presence == Presence.OFFLINE
