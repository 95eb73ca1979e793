"""Whatever comes through a door, nobody stumbles over it, the sender is told, and the books balance."""

import gzip
import json
from typing import Any

import pytest
from django.db.models import F, Sum
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.models import Credential, Device, Project
from telemetry.bulk_client import Publication
from telemetry.ingest import Receipt, ingest
from telemetry.line import Delivery, Line, Purpose
from telemetry.listener import sort_out, take_statuses
from telemetry.models import LedgerHour, Reading
from tests.factories import DeviceFactory
from tests.fixtures.device_sockets import ConnectDevice
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db
few = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

texts = st.text(max_size=12) | st.sampled_from(["\0", "\ud800", "NaN", "2025-12-19T12:21:20", "9" * 400])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
keys = st.sampled_from(["temperature", "mode", "on", "a.b"]) | texts
telemetry = st.dictionaries(keys, scalars, min_size=1, max_size=4) | st.dictionaries(keys, values, max_size=4) | values
messages = st.fixed_dictionaries(
    {"telemetry": telemetry},
    optional={
        "timestamp": st.integers(1_700_000_000, 2_000_000_000) | scalars,
        "device_id": st.sampled_from(["sensor", "child", "foreign", "nobody", ""]) | scalars,
        "type": scalars,
    },
)
contents = messages | st.lists(messages | values, max_size=4) | values
bodies = contents.map(lambda content: json.dumps(content).encode()) | st.binary(max_size=60)


@pytest.fixture(autouse=True)
def fleet(sensor: Device, acme: Project, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 1_000_000
    DeviceFactory.create(device_id="child", parent=sensor, project=acme)
    DeviceFactory.create(device_id="foreign")


def balances(receipt: dict[str, Any]) -> bool:
    rejected = sum(item["count"] for item in receipt["rejected"]) + receipt["unlisted"]
    return receipt["received"] == receipt["stored"] + receipt["duplicate"] + receipt["quarantined"] + rejected > 0


def books_balance() -> bool:
    totals = LedgerHour.objects.aggregate(
        received=Sum("received"), parts=Sum(F("stored") + F("duplicate") + F("quarantined") + F("rejected")),
        stored=Sum("stored"),
    )  # fmt: skip
    return totals["received"] == totals["parts"] and totals["stored"] == Reading.objects.count()


def test_by_http(api_key: tuple[Credential, str]) -> None:
    client = Client()

    @few
    @given(body=bodies, zipped=st.sampled_from(["", "gzip", "broken", "br"]))
    def send(body: bytes, zipped: str) -> None:
        headers = {"Authorization": f"Bearer {api_key[1]}"}
        if zipped:
            headers["Content-Encoding"] = zipped.replace("broken", "gzip")
        content = gzip.compress(body) if zipped == "gzip" else body
        answer = client.post("/api/v1/telemetry", content, "application/json", headers=headers)
        if answer.status_code == 202:
            assert balances(answer.json())
        else:
            assert answer.status_code in (400, 403, 413, 415)
            assert answer.json()["detail"]

    send()
    assert books_balance()


topics = (
    st.sampled_from(["sensor", "child", "foreign", "nobody"]).map(lambda name: f"app/device/{name}/telemetry".encode())
    | st.sampled_from([b"app/device/sensor/status", b"app/device/sensor/command/x/reply", b"app/x", b"\xff"])
    | st.binary(max_size=20)
)


def test_by_mqtt() -> None:
    @few
    @given(
        packets=st.lists(
            st.tuples(topics, bodies | st.sampled_from([b"online", b"OFFLINE "]), st.booleans()), min_size=1, max_size=6
        )
    )
    def send(packets: list[tuple[bytes, bytes, bool]]) -> None:
        deliveries: list[Delivery] = []
        line = Line("line", Purpose(), most_unacknowledged=1, take=deliveries.append, changed=lambda: None)
        for topic, body, is_retained in packets:
            line._pass_on(Publication(topic, body, mid=0, qos=0, is_retained=is_retained))
        envelopes, statuses, *_ = sort_out(deliveries)
        take_statuses(statuses)
        assert all(is_balanced(receipt) for receipt in ingest(envelopes))

    send()
    assert books_balance()


def is_balanced(receipt: Receipt) -> bool:
    rejected = sum(item.count for item in receipt.rejected)
    return receipt.received == receipt.stored + receipt.duplicate + receipt.quarantined + rejected > 0


names: st.SearchStrategy[Any] = st.sampled_from(["a", 5, float("nan"), True, None, "", "\ud800", "x" * 65, {}])
types = st.sampled_from(["telemetry"] * 4 + ["ping", "authenticate", "ack"])
frames = (
    st.builds(lambda message, kind, name: {**message, "type": kind, "id": name}, messages, types, names)
    | st.builds(lambda content, name: {"type": "telemetry", "id": name, "messages": content}, contents, names)
).map(lambda frame: json.dumps(frame).encode())


@pytest.mark.django_db(transaction=True)
def test_by_a_socket_each_frame_is_answered_once(connect_device: ConnectDevice) -> None:
    socket = connect_device()

    @few
    @given(frame=frames | bodies, as_text=st.booleans())
    def send(frame: bytes, as_text: bool) -> None:
        nonlocal socket
        try:
            text = frame.decode() if as_text else None
        except UnicodeDecodeError:
            text = None  # a text frame is always UTF-8: the web server sees to that
        if text is None:
            socket.send_bytes(frame)
        else:
            socket.send_text(text)
        answer = socket.receive()
        assert answer["type"] in ("ack", "error", "pong")
        if answer["type"] == "ack":
            assert balances(answer["receipt"])
        elif answer["type"] == "error":
            assert answer["detail"]
        if socket.ask({"type": "ping"})["type"] == "close":  # after many bad frames in a row
            socket = connect_device()

    send()
    wait_until(books_balance)
