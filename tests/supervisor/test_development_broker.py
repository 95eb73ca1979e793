"""What the development broker does better than amqtt on its own; who may do what is in test_broker_access."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.broker_files import write_broker_files
from iotsphere.supervisor.broker import PORTAL_USER, EmbeddedBroker
from tests.supervisor.brokers import BrokerClient, make_broker, running_broker
from tests.waiting import wait_until

pytestmark = pytest.mark.once


@pytest.fixture
def broker(tmp_path: Path, settings: Any, db: None) -> Iterator[EmbeddedBroker]:
    planned = make_broker(tmp_path, bundled=True, demo=True)
    settings.BROKER_DIR, settings.MQTT_URL, settings.DEMO = str(planned.folder), planned.url, True
    write_broker_files()
    with running_broker(tmp_path, bundled=True, demo=True) as (broker, _):
        yield broker


def test_a_client_of_mqtt_5_is_told_to_speak_3_1_1(broker: EmbeddedBroker) -> None:
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval, properties.ReceiveMaximum = 3600, 10_000
    client = BrokerClient(broker.port, client_id="five", protocol=MQTTProtocolVersion.MQTTv5, v5=properties)
    assert str(client.answer) == "Unsupported protocol version"
    client.close()


def test_a_client_that_says_nothing_holds_up_nobody(broker: EmbeddedBroker) -> None:
    with socket.create_connection(("127.0.0.1", broker.port)):
        client = BrokerClient(broker.port)
        assert client.is_taken
        client.close()


def test_the_portal_finds_what_came_while_it_was_away(broker: EmbeddedBroker) -> None:
    def portal() -> BrokerClient:
        return BrokerClient(broker.port, PORTAL_USER, broker.password, client_id="ingest", clean_session=False)

    first = portal()
    first.subscribe("app/#")
    first.close()
    device = BrokerClient(broker.port)
    device.publish("app/device/boiler/telemetry", "while away")
    device.close()
    second = portal()
    wait_until(lambda: second.heard == [("app/device/boiler/telemetry", b"while away")], what="the message")
    second.close()
