"""The MQTT door, on a real broker."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from devices.credentials import issue
from devices.models import Credential, CredentialKind, Device, Presence
from telemetry import ingest as ingest_module
from telemetry.listener import Listener
from telemetry.models import LedgerHour, QuarantinedMessage, Reading, RejectedMessage
from telemetry.reasons import Reason
from tests.factories import DeviceFactory
from tests.servers.brokers import Broker, DevelopmentBroker
from tests.supervisor.brokers import BrokerClient
from tests.telemetry.publishing import publish, telemetry
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
Listen = Callable[[], Listener]


@pytest.fixture
def listen(broker: Broker, settings: Any) -> Iterator[Listen]:
    """Start a listener; several in a test take over each other's session, as a restarted one does."""
    settings.INGEST_GROUP = f"listener-{uuid4().hex}"
    with ExitStack() as stack:

        def start() -> Listener:
            listener = Listener()
            listener.start()
            stack.callback(listener.stop)
            assert listener.listening.wait(10)
            return listener

        yield start


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id=f"sensor-{uuid4().hex[:8]}")


@pytest.fixture
def lasting_broker(broker: Broker) -> Broker:
    if isinstance(broker, DevelopmentBroker):
        pytest.skip("the development broker forgets what it sent to a listener that went away")
    return broker


def recent(count: int) -> list[float]:
    now = int(time.time())
    return [now - n for n in range(count)]


def stored(count: int) -> None:
    wait_until(lambda: Reading.objects.count() >= count, what=f"{count} readings")
    assert Reading.objects.count() == count


def test_what_devices_publish_is_stored(broker: Broker, listen: Listen, device: Device) -> None:
    listen()
    publish(broker, *telemetry(device.device_id, recent(3), temperature=25.5, mode="eco"))
    stored(6)


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_every_quality_of_service_is_taken(broker: Broker, listen: Listen, device: Device, qos: int) -> None:
    listen()
    publish(broker, *telemetry(device.device_id, recent(3), temperature=25.5), qos=qos)
    stored(3)


def test_a_message_is_known_by_the_time_it_came(broker: Broker, listen: Listen, device: Device) -> None:
    listen()
    publish(broker, (f"app/device/{device.device_id}/telemetry", {"telemetry": {"temperature": 1}}))
    stored(1)
    assert abs(Reading.objects.get().time.timestamp() - time.time()) < 60


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("app/device/{}/telemetri", b"{}", Reason.WRONG_TOPIC),
        ("app/devices/{}/telemetry", b"{}", Reason.WRONG_TOPIC),
        ("app/device/{} x/telemetry", b"{}", Reason.WRONG_TOPIC),
        ("app/device/{}/telemetry", b"25.5", Reason.WRONG_SHAPE),
        ("app/device/{}/telemetry", b"\xff\x00", Reason.MALFORMED),
        ("app/device/{}/telemetry", b"[" * 100_000, Reason.TOO_DEEP),
        ("app/device/{}/telemetry", b"", Reason.MALFORMED),
    ],
)
def test_bad_input_is_counted_and_the_next_message_taken(
    broker: Broker, listen: Listen, device: Device, topic: str, body: bytes, reason: Reason
) -> None:
    listen()
    publish(broker, (topic.format(device.device_id), body), *telemetry(device.device_id, recent(1), temperature=1))
    stored(1)
    assert RejectedMessage.objects.get().problems[0].reason == reason
    assert sum(LedgerHour.objects.values_list("rejected", flat=True)) == 1


def test_a_message_of_a_megabyte_is_counted(broker: Broker, listen: Listen, device: Device) -> None:
    listen()
    publish(broker, (f"app/device/{device.device_id}/telemetry", b" " * 1_000_000))
    wait_until(RejectedMessage.objects.exists)
    assert RejectedMessage.objects.get().problems[0].reason == Reason.TOO_LARGE


def test_an_unknown_device_is_quarantined(broker: Broker, listen: Listen) -> None:
    listen()
    publish(broker, *telemetry("nobody-knows", recent(1), temperature=1))
    wait_until(QuarantinedMessage.objects.exists)
    assert QuarantinedMessage.objects.get().sender == "nobody-knows"


def test_a_retained_copy_is_no_news(broker: Broker, listen: Listen, device: Device) -> None:
    topic = f"app/device/{device.device_id}/telemetry"
    publish(broker, (topic, {"telemetry": {"old": 1}}), retain=True)
    listen()
    publish(broker, (topic, {"telemetry": {"new": 1}}))
    stored(1)
    assert Reading.objects.get().metric.key == "new"
    publish(broker, (topic, b""), retain=True)


def test_the_use_of_a_password_is_noted(lasting_broker: Broker, listen: Listen, device: Device) -> None:
    credential, _ = issue(device, CredentialKind.MQTT, None)
    listen()
    client = BrokerClient(lasting_broker.port, device.device_id, "the broker of tests takes everybody")
    wait_until(Credential.objects.filter(pk=credential.pk, last_used_address="127.0.0.1").exists)
    client.close()


# --- Presence ---


def presence(device: Device) -> str:
    return Device.objects.values_list("presence", flat=True).get(pk=device.pk)


def test_a_status_is_noted(broker: Broker, listen: Listen, device: Device) -> None:
    listen()
    publish(broker, (f"app/device/{device.device_id}/status", b"online"))
    wait_until(lambda: presence(device) == Presence.ONLINE)
    publish(broker, (f"app/device/{device.device_id}/status", b"offline"))
    wait_until(lambda: presence(device) == Presence.OFFLINE)


def test_a_retained_status_tells_what_was_not_known(broker: Broker, listen: Listen, device: Device) -> None:
    publish(broker, (f"app/device/{device.device_id}/status", b"online"), retain=True)
    listen()
    wait_until(lambda: presence(device) == Presence.ONLINE)
    publish(broker, (f"app/device/{device.device_id}/status", b""), retain=True)


def test_another_word_as_status_hurts_nobody(broker: Broker, listen: Listen, device: Device) -> None:
    listen()
    status = f"app/device/{device.device_id}/status"
    publish(broker, (status, b"\xff\x00"), (status, b""), *telemetry(device.device_id, recent(1), temperature=1))
    stored(1)


# --- What goes wrong ---


def test_while_the_database_is_away_nothing_is_lost(
    broker: Broker, listen: Listen, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    def away(batch: Any) -> Any:
        attempts.append(batch)
        raise OperationalError("connection refused")

    monkeypatch.setattr(ingest_module, "store", away)
    listen()
    publish(broker, *telemetry(device.device_id, recent(20), temperature=1))
    wait_until(lambda: len(attempts) >= 2)
    monkeypatch.undo()
    stored(20)


def test_what_was_not_committed_is_delivered_to_the_next_listener(
    lasting_broker: Broker, listen: Listen, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    def away(batch: Any) -> Any:
        attempts.append(batch)
        raise OperationalError("connection refused")

    monkeypatch.setattr(ingest_module, "store", away)
    first = listen()
    publish(lasting_broker, *telemetry(device.device_id, recent(20), temperature=1))
    wait_until(lambda: attempts)
    first.stop()
    monkeypatch.undo()
    listen()
    stored(20)


def test_what_comes_while_nobody_listens_is_delivered_later(
    lasting_broker: Broker, listen: Listen, device: Device
) -> None:
    listen().stop()
    publish(lasting_broker, *telemetry(device.device_id, recent(20), temperature=1))
    listen()
    stored(20)


def test_what_was_committed_is_not_delivered_again(lasting_broker: Broker, listen: Listen, device: Device) -> None:
    first = listen()
    publish(lasting_broker, *telemetry(device.device_id, recent(20), temperature=1))
    stored(20)
    first.stop()
    listen()
    publish(lasting_broker, *telemetry(device.device_id, recent(1), marker=1))
    stored(21)
    assert not LedgerHour.objects.filter(duplicate__gt=0).exists()


def test_what_is_waiting_is_finished_before_it_stops(lasting_broker: Broker, listen: Listen, device: Device) -> None:
    listener = listen()
    publish(lasting_broker, *telemetry(device.device_id, recent(500), temperature=1))
    listener.stop()
    taken = Reading.objects.count()
    listen()
    stored(500)
    assert not LedgerHour.objects.filter(duplicate__gt=0).exists(), f"{taken} were committed but not acknowledged"


def test_what_is_sent_after_the_broker_was_restarted_and_before_it_is_back_is_kept(
    lasting_broker: Broker, listen: Listen, device: Device
) -> None:
    listen().stop()
    lasting_broker.stop()
    lasting_broker.start()
    publish(lasting_broker, *telemetry(device.device_id, recent(20), temperature=1))
    listen()
    stored(20)


def test_a_second_one_stands_by_until_the_first_is_gone(broker: Broker, listen: Listen, device: Device) -> None:
    first, second = listen(), Listener("2")
    second.start()
    publish(broker, *telemetry(device.device_id, recent(3), temperature=1))
    stored(3)
    assert not second.listening.is_set()
    first.stop()
    assert second.listening.wait(15)
    second.stop()


def test_a_broker_that_comes_back_finds_it_listening(broker: Broker, listen: Listen, device: Device) -> None:
    listener = listen()
    broker.kill()
    wait_until(lambda: not listener.listening.is_set())
    broker.start()
    assert listener.listening.wait(15)
    publish(broker, *telemetry(device.device_id, recent(3), temperature=1))
    stored(3)


def test_it_waits_for_a_broker_that_is_not_there_yet(
    broker: Broker, device: Device, settings: Any, listen: Listen
) -> None:
    broker.kill()
    listener = Listener()
    listener.start()
    try:
        broker.start()
        assert listener.listening.wait(15)
    finally:
        listener.stop()
