import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from telemetry.device_link import DeviceLink
from tests.mqtt_ear import Ear, listening
from tests.servers.brokers import Broker
from tests.waiting import wait_until

pytestmark = pytest.mark.once

NOON = datetime(2025, 12, 19, 12, tzinfo=UTC)


@pytest.fixture
def ear(broker: Broker) -> Iterator[Ear]:
    with listening(broker) as ear:
        yield ear


@pytest.fixture
def link(broker: Broker) -> Iterator[DeviceLink]:
    link = DeviceLink(broker.url, f"probe-{uuid4()}")  # the broker remembers what others of that name said
    yield link
    link.close()


def test_a_device_says_online_when_it_connects(ear: Ear, link: DeviceLink) -> None:
    link.open()
    wait_until(lambda: ear.heard(link.device_id, "status") == ["online"])


def test_a_device_says_offline_when_it_is_closed(ear: Ear, link: DeviceLink) -> None:
    link.open()
    wait_until(link.connected.is_set)
    link.close()
    wait_until(lambda: ear.heard(link.device_id, "status") == ["online", "offline"])


def test_telemetry_carries_the_time_it_was_measured(ear: Ear, link: DeviceLink) -> None:
    link.open()
    wait_until(link.connected.is_set)
    link.send({"temperature": 25.5}, at=NOON)
    heard = wait_until(lambda: ear.heard(link.device_id, "telemetry"))
    assert json.loads(heard[0]) == {
        "telemetry": {"temperature": 25.5},
        "timestamp": "2025-12-19T12:00:00.000Z",
    }


def test_telemetry_of_a_device_without_a_clock_has_no_time(ear: Ear, link: DeviceLink) -> None:
    link.open()
    wait_until(link.connected.is_set)
    link.send({"temperature": 25.5})
    heard = wait_until(lambda: ear.heard(link.device_id, "telemetry"))
    assert json.loads(heard[0]) == {"telemetry": {"temperature": 25.5}}


def test_what_was_measured_before_the_broker_answered_is_sent_later(ear: Ear, link: DeviceLink) -> None:
    assert link.send({"count": 1}, at=NOON)
    assert link.send({"count": 2}, at=NOON)
    link.open()
    wait_until(lambda: len(ear.heard(link.device_id, "telemetry")) == 2)


def test_a_device_without_a_backlog_sends_nothing_while_it_is_not_connected(broker: Broker) -> None:
    assert not DeviceLink(broker.url, "probe", backlog=0).send({"count": 1})


def test_a_full_backlog_takes_no_more() -> None:
    link = DeviceLink("mqtt://127.0.0.1:1", "probe", backlog=2)
    assert [link.send({"count": n}, at=NOON) for n in range(3)] == [True, True, False]


def test_a_device_comes_back_after_the_broker_was_away(broker: Broker, link: DeviceLink) -> None:
    link.open()
    wait_until(link.connected.is_set)
    broker.kill()
    wait_until(lambda: not link.connected.is_set())
    broker.start()
    wait_until(link.connected.is_set)


def test_closing_does_not_wait_for_a_broker_that_is_away() -> None:
    link = DeviceLink("mqtt://127.0.0.1:1", "probe")
    link.open()
    link.close()
    assert not link.connected.is_set()


@pytest.mark.parametrize("url", ["http://localhost", "localhost:1883", "mqtt://", "mqtt://host:x", ""])
def test_an_address_that_is_not_mqtt_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="MQTT_URL must read"):
        DeviceLink(url, "probe")


@pytest.mark.parametrize("device_id", ["", "a/b", "+", "ü", "x" * 65])
def test_a_name_that_would_break_topics_is_refused(device_id: str) -> None:
    with pytest.raises(ValueError, match="is not a device ID"):
        DeviceLink("mqtt://localhost", device_id)
