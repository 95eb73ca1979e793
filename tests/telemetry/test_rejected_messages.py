"""Messages of which something was rejected are kept, the newest of each sender, and never too many."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from devices.models import Device
from telemetry import rejected
from telemetry.ingest import ingest
from telemetry.models import LedgerHour, RejectedMessage
from telemetry.reasons import Reason
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, SECOND, envelope, take, telemetry

pytestmark = pytest.mark.django_db


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id="sensor")


def kept_times() -> list[int]:
    return [(at - NOW) // SECOND for at in RejectedMessage.objects.order_by("pk").values_list("received_at", flat=True)]


def test_the_message_is_kept_as_it_came(device: Device) -> None:
    body = b'{"telemetry": {"a": null, "b": 1}}'
    take(envelope("sensor", body))
    message = RejectedMessage.objects.get()
    assert (message.sender, message.device, message.door, message.received_at) == ("sensor", device, "mqtt", NOW)
    assert (bytes(message.body), message.is_whole) == (body, True)


def test_each_thing_that_was_wrong_is_named(device: Device) -> None:
    take(envelope("sensor", {"telemetry": {"a": None, "b": "x" * 300, "c": 1}}))
    problems = RejectedMessage.objects.get().problems
    assert [(problem.key, problem.reason) for problem in problems] == [
        ("a", Reason.NOT_A_VALUE),
        ("b", Reason.TOO_LONG),
    ]


def test_they_are_found_by_what_was_wrong(device: Device) -> None:
    take(envelope("sensor", b"too_long"))
    take(envelope("sensor", {"telemetry": {"too_old": "x" * 300}}, at=NOW + SECOND))
    assert [message.received_at for message in RejectedMessage.objects.because_of(Reason.TOO_LONG)] == [NOW + SECOND]
    assert not RejectedMessage.objects.because_of(Reason.TOO_OLD)


def test_a_message_that_is_fine_is_not_kept(device: Device) -> None:
    take(telemetry("sensor", {"a": 1}))
    assert not RejectedMessage.objects.exists()


def test_no_more_than_twenty_of_a_sender_are_kept_of_a_batch(device: Device) -> None:
    DeviceFactory.create(device_id="other")
    ingest([envelope("sensor", b"?")] * 30 + [envelope("other", b"?")])
    assert RejectedMessage.objects.filter(sender="sensor").count() == 20
    assert RejectedMessage.objects.filter(sender="other").count() == 1


def test_the_newest_take_the_place_of_the_oldest(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejected, "KEPT_OF_SENDER", 3)
    for n in range(5):
        take(envelope("sensor", b"?", at=NOW + n * SECOND))
    assert kept_times() == [2, 3, 4]


def test_large_messages_leave_room_for_fewer(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejected, "BYTES_OF_SENDER", 1000)
    for n in range(5):
        take(envelope("sensor", b"?" * 400, at=NOW + n * SECOND))
    assert kept_times() == [3, 4]


def test_who_sends_too_much_takes_no_room_from_others(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejected, "KEPT_OF_SENDER", 3)
    DeviceFactory.create(device_id="other")
    take(envelope("other", b"?"))
    ingest([envelope("sensor", b"?")] * 10)
    assert RejectedMessage.objects.filter(sender="other").count() == 1


def test_what_is_not_kept_is_counted(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejected, "KEPT_OF_SENDER", 3)
    ingest([envelope("sensor", b"?")] * 10)
    assert LedgerHour.objects.get().rejected == 10


def test_of_what_is_too_large_the_beginning_is_kept(device: Device, settings: Settings) -> None:
    settings.INGEST_MAX_BODY_BYTES = 1000
    take(envelope("sensor", b"x" * 1001))
    message = RejectedMessage.objects.get()
    assert (bytes(message.body), message.is_whole) == (b"x" * 255, False)


def test_a_gateways_message_is_kept_once_for_all_that_is_wrong_with_it() -> None:
    gateway = DeviceFactory.create(device_id="gateway")
    DeviceFactory.create(device_id="child", parent=gateway, project=gateway.project)
    take(envelope("gateway", [{"telemetry": {"a": None}}, {"telemetry": {"b": None}, "device_id": "child"}]))
    message = RejectedMessage.objects.get()
    assert message.device == gateway
    assert [problem.key for problem in message.problems] == ["a", "b"]


@pytest.mark.parametrize("body", [b"\xff\xfe\x00\x01", b'{"telemetry": {"\\u0000\\ud800": "\\u0000"}}', b"\0" * 300])
def test_what_no_database_would_take_as_a_text_is_kept(device: Device, body: bytes) -> None:
    take(envelope("sensor", body))
    message = RejectedMessage.objects.get()
    assert bytes(message.body) == body
    assert all((problem.key + problem.detail).isprintable() for problem in message.problems)


def test_what_is_older_than_a_month_is_pruned(device: Device) -> None:
    ingest([envelope("sensor", b"?", at=NOW - timedelta(days=31)), envelope("sensor", b"?")])
    assert rejected.prune(NOW) == 1
    assert RejectedMessage.objects.get().received_at == NOW


def test_the_oldest_of_too_many_are_pruned(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejected, "KEPT", 2)
    ingest([envelope("sensor", b"?", at=NOW - n * SECOND) for n in (3, 2, 1)])
    rejected.prune(NOW)
    assert kept_times() == [-2, -1]


def test_the_oldest_of_what_is_too_large_in_all_are_pruned(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest([envelope("sensor", b"?" * 400, at=NOW - n * SECOND) for n in (3, 2, 1)])
    monkeypatch.setattr(rejected, "BYTES", 1000)
    rejected.prune(NOW)
    assert kept_times() == [-2, -1]


def test_making_room_waits_for_nobody(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """It skips rows that are locked: who deletes a device holds them and waits for what ingest holds."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: run with --on=servers")
    monkeypatch.setattr(rejected, "KEPT_OF_SENDER", 1)
    take(envelope("sensor", b"?"))
    with CaptureQueriesContext(connection) as queries:
        take(envelope("sensor", b"?"))
    statements = [query["sql"] for query in queries if "telemetry_rejectedmessage" in query["sql"]]
    locking = [statement for statement in statements if "FOR UPDATE" in statement]
    assert locking
    assert all("SKIP LOCKED" in statement for statement in locking)
