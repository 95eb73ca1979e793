"""docs/asyncapi.yaml says what the code does. Whatever frame a test is sent is held against it too (tests/fixtures)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from devices import topics
from devices.commands import read_reply
from devices.twin import read_report
from iotsphere.models import User
from telemetry.decode import MAX_MESSAGES, decode
from telemetry.listener import WORDS
from tests import asyncapi
from tests.fixtures.device_sockets import DEVICE_SOCKET, ConnectDevice
from tests.fixtures.sockets import Live, LiveSocket

pytestmark = pytest.mark.once

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LIVE_SOCKET = "/ws/live/"


def references(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for name, value in content.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(content, list):
        for part in content:
            yield from references(part)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(asyncapi.document()):
        assert asyncapi.resolve({"$ref": reference}) is not None, reference


def test_every_payload_is_a_schema_and_every_example_fits() -> None:
    for name, message in asyncapi.document()["components"]["messages"].items():
        Draft202012Validator.check_schema(message["payload"])
        for example in message.get("examples", ()):
            asyncapi.check(example["payload"], message)
        assert isinstance(name, str)


def test_every_message_is_sent_or_received() -> None:
    used = {
        id(message)
        for address in addresses()
        for action in ("send", "receive")
        for message in asyncapi.messages(address, action)
    }
    unused = [
        name for name, message in asyncapi.document()["components"]["messages"].items() if id(message) not in used
    ]
    assert not unused


def addresses() -> list[str]:
    return [channel["address"] for channel in asyncapi.document()["channels"].values()]


# --- MQTT ---


def test_all_topics_are_described() -> None:
    described = {
        topics.parse(address.format(device_id="sensor", command_id="x")).kind  # type: ignore[union-attr]
        for address in addresses()
        if address.startswith("app/")
    }
    assert described == {
        topics.TELEMETRY, topics.STATUS, topics.REPORTED, topics.DESIRED, topics.COMMAND, topics.REPLY
    }  # fmt: skip


def test_who_publishes_is_right() -> None:
    for address in addresses():
        if address.startswith("app/"):
            kind = topics.parse(address.format(device_id="sensor", command_id="x")).kind  # type: ignore[union-attr]
            assert bool(asyncapi.messages(address, "send")) == (kind in topics.TO_DEVICES)


def test_described_telemetry_is_taken() -> None:
    [message] = asyncapi.messages("app/device/{device_id}/telemetry", "receive")
    for example in message["examples"]:
        decoded = decode(orjson.dumps(example["payload"]), received_at=datetime.now(UTC), oldest=LONG_AGO)
        assert decoded.messages
        assert not list(decoded.all_rejected())


def test_a_list_may_be_as_long_as_is_said() -> None:
    [message] = asyncapi.messages("app/device/{device_id}/telemetry", "receive")
    assert message["payload"]["oneOf"][1]["maxItems"] == MAX_MESSAGES


def test_the_words_of_a_status_are_described() -> None:
    [message] = asyncapi.messages("app/device/{device_id}/status", "receive")
    assert message["payload"]["enum"] == list(WORDS.values())


# --- Sockets ---


def types(address: str, action: str) -> set[str]:
    return {asyncapi.type_of(message) for message in asyncapi.messages(address, action)}


def types_taken(socket: LiveSocket) -> set[str]:
    """What the socket says that it takes."""
    detail = socket.ask({"type": "nobody sends this"})["detail"]
    return set(re.findall(r"\w+", detail.partition("send ")[2])) - {"or"}


def test_what_devices_may_send_is_described(connect_device: ConnectDevice) -> None:
    assert types_taken(connect_device()) == types(DEVICE_SOCKET, "receive")


def test_what_people_may_send_is_described(live: Live, vera: User) -> None:
    assert types_taken(live(vera)) == types(LIVE_SOCKET, "receive")


def test_described_frames_of_devices_are_understood(connect_device: ConnectDevice) -> None:
    socket = connect_device()
    for message in asyncapi.messages(DEVICE_SOCKET, "receive"):
        for example in message["examples"]:
            if example["payload"]["type"] != "authenticate":
                answer = socket.ask(example["payload"])
                assert answer.get("code") != "bad_request" or "Unknown" not in answer["detail"], answer


def test_described_replies_and_reports_are_read() -> None:
    for message in asyncapi.messages(DEVICE_SOCKET, "receive"):
        read: Any = {"reply": read_reply, "reported": read_report}.get(asyncapi.type_of(message), bool)
        assert all(read(example["payload"]) for example in message["examples"])
