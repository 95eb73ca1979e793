"""Several listeners on one stream, as several ingest workers have them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
import redis

from devices.models import Device, Presence
from telemetry import heartbeat, listener, sessions
from telemetry.listener import Listener
from telemetry.models import LedgerHour, Reading
from tests.factories import DeviceFactory
from tests.servers.brokers import Broker, DevelopmentBroker
from tests.servers.ports import ReservedPort
from tests.telemetry.publishing import publish, telemetry
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
Listen = Callable[[str], Listener]
BEGIN = int(time.time()) - 3600


@pytest.fixture
def sharing_broker(broker: Broker) -> Broker:
    if isinstance(broker, DevelopmentBroker):
        pytest.skip("the development broker knows no shared subscriptions")
    return broker


@pytest.fixture
def listen(sharing_broker: Broker, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listen]:
    """`listen("a")` starts a listener that looks after the others in tenths of seconds instead of half minutes."""
    settings.INGEST_GROUP, settings.INGEST_SHARED = f"group-{uuid4().hex}", True
    monkeypatch.setattr(heartbeat, "EVERY", 0.05)
    monkeypatch.setattr(sessions, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr(listener, "LEFT_AFTER", 0.1)
    monkeypatch.setattr(listener, "DRAINED_AFTER", 0.5)
    with ExitStack() as stack:

        def start(name: str) -> Listener:
            started = Listener(name)
            started.start()
            stack.callback(started.stop)
            assert started.listening.wait(10)
            return started

        yield start


@pytest.fixture
def device() -> Device:
    return DeviceFactory.create(device_id=f"sensor-{uuid4().hex[:8]}")


@pytest.fixture
def known_sessions(redis_client: redis.Redis, settings: Any) -> Callable[[], set[str]]:
    """The names of those who have a session of their own at the broker."""

    def names() -> set[str]:
        members = cast(set[bytes], redis_client.smembers(f"iotsphere:sessions:{settings.INGEST_GROUP}"))
        return {member.decode().rpartition("-")[2] for member in members if b"/" not in member}

    return names


def send(broker: Broker, device: Device, first: int, count: int) -> None:
    publish(broker, *telemetry(device.device_id, (BEGIN + n for n in range(first, first + count)), temperature=1))


def stored_once(count: int) -> None:
    wait_until(lambda: Reading.objects.count() >= count, timeout=20, what=f"{count} readings")
    assert Reading.objects.count() == count
    assert not LedgerHour.objects.filter(duplicate__gt=0).exists()


def presence(device: Device) -> str:
    return Device.objects.values_list("presence", flat=True).get(pk=device.pk)


def say(broker: Broker, device: Device, *words: bytes) -> None:
    publish(broker, *((f"app/device/{device.device_id}/status", word) for word in words))


def test_each_message_comes_to_one_of_them(sharing_broker: Broker, listen: Listen, device: Device) -> None:
    listen("a")
    listen("b")
    send(sharing_broker, device, 0, 200)
    stored_once(200)


def test_two_groups_each_get_everything(sharing_broker: Broker, listen: Listen, device: Device, settings: Any) -> None:
    listen("a")
    settings.INGEST_GROUP += "-of-another-portal"
    listen("a")
    send(sharing_broker, device, 0, 20)
    wait_until(lambda: sum(LedgerHour.objects.values_list("received", flat=True)) == 40)
    assert Reading.objects.count() == 20


def test_what_waits_for_one_that_is_gone_comes_to_another(
    sharing_broker: Broker, listen: Listen, device: Device, known_sessions: Callable[[], set[str]]
) -> None:
    listen("a")
    listen("b").stop()
    send(sharing_broker, device, 0, 40)
    stored_once(40)
    wait_until(lambda: known_sessions() == {"a"})
    send(sharing_broker, device, 40, 40)
    stored_once(80)


def test_one_that_returns_has_its_session_back(
    sharing_broker: Broker,
    listen: Listen,
    device: Device,
    known_sessions: Callable[[], set[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "DRAINED_AFTER", 3600)
    stays, left = listen("a"), listen("b")
    left.stop()
    wait_until(lambda: stays._orphan is not None and stays._orphan.is_up)
    returned = listen("b")
    wait_until(lambda: stays._orphan is None)
    assert returned.listening.is_set()
    stays.stop()
    send(sharing_broker, device, 0, 40)  # half of them wait for the one that stopped
    wait_until(lambda: Reading.objects.count() >= 20)
    listen("a")
    stored_once(40)
    assert known_sessions() == {"a", "b"}


def test_what_devices_say_of_their_connection_stays_in_its_order(
    sharing_broker: Broker, listen: Listen, device: Device
) -> None:
    listen("a")
    listen("b")
    say(sharing_broker, device, *[b"online", b"offline"] * 20, b"online")
    wait_until(lambda: presence(device) == Presence.ONLINE)
    say(sharing_broker, device, *[b"offline", b"online"] * 20, b"offline")
    wait_until(lambda: presence(device) == Presence.OFFLINE)


def test_statuses_come_when_the_one_they_came_to_is_gone(
    sharing_broker: Broker, listen: Listen, device: Device
) -> None:
    first, second = listen("a"), listen("b")
    assert first._held is not None
    assert second._held is None
    first.stop()
    say(sharing_broker, device, b"online")
    wait_until(lambda: presence(device) == Presence.ONLINE)


def test_without_redis_telemetry_comes_all_the_same(
    sharing_broker: Broker, listen: Listen, device: Device, settings: Any
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{ReservedPort().release()}/0"
    listen("a")
    send(sharing_broker, device, 0, 20)
    stored_once(20)
