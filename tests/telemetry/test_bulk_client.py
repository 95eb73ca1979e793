"""The listener's client, on what a broker may send: packets cut anywhere, and several at once."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

from telemetry.bulk_client import BulkClient, Publication

pytestmark = pytest.mark.once

CONNECTED = {MQTTProtocolVersion.MQTTv311: b"\x20\x02\x00\x00", MQTTProtocolVersion.MQTTv5: b"\x20\x03\x00\x00\x00"}
PONG = b"\xd0\x00"


def publish(topic: str, body: bytes, *, mid: int, properties: bytes = b"", retain: bool = False) -> bytes:
    content = len(topic).to_bytes(2, "big") + topic.encode() + mid.to_bytes(2, "big") + properties + body
    length, rest = b"", len(content)
    while True:
        rest, digit = rest >> 7, rest & 127
        length += bytes([digit | 128 if rest else digit])
        if not rest:
            return bytes([0x32 | retain]) + length + content


class Broker:
    """The other end of the client's connection, which says what it is told to."""

    def __init__(self, protocol: MQTTProtocolVersion) -> None:
        self.taken: list[Publication] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.client = BulkClient("c", protocol, on_publication=self.taken.append)
        self.client.connect(*self._listening.getsockname())
        self.socket, _ = self._listening.accept()
        self.socket.settimeout(10)
        self.socket.recv(1000)
        self.say(CONNECTED[protocol])

    def say(self, data: bytes) -> MQTTErrorCode:
        self.socket.sendall(data)
        return self.client.loop(1)

    def close(self) -> None:
        self.client.disconnect()
        self.socket.close()
        self._listening.close()


@pytest.fixture(params=CONNECTED)
def protocol(request: pytest.FixtureRequest) -> MQTTProtocolVersion:
    return request.param


@pytest.fixture
def broker(protocol: MQTTProtocolVersion) -> Iterator[Broker]:
    broker = Broker(protocol)
    yield broker
    broker.close()


@pytest.fixture
def none(protocol: MQTTProtocolVersion) -> bytes:
    """That there are no properties, which MQTT 5 alone says."""
    return b"\x00" if protocol == MQTTProtocolVersion.MQTTv5 else b""


def test_several_packets_at_once_are_told_apart(broker: Broker, none: bytes) -> None:
    broker.say(
        publish("a", b"1", mid=1, properties=none) + PONG + publish("b/c", b"", mid=2, properties=none, retain=True)
    )
    assert broker.taken == [Publication(b"a", b"1", 1, 1, False), Publication(b"b/c", b"", 2, 1, True)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 130])
def test_packets_may_come_in_pieces(broker: Broker, none: bytes, size: int) -> None:
    stream = publish("a", b"x" * 300, mid=1, properties=none) + PONG + publish("b", b"y", mid=2, properties=none)
    for at in range(0, len(stream), size):
        assert broker.say(stream[at : at + size]) == MQTTErrorCode.MQTT_ERR_SUCCESS
    assert [(publication.topic, len(publication.body)) for publication in broker.taken] == [(b"a", 300), (b"b", 1)]


def test_large_ones_too(broker: Broker, none: bytes) -> None:
    packet = publish("a", b"x" * 2_000_000, mid=1, properties=none)
    for at in range(0, len(packet), 100_000):
        broker.say(packet[at : at + 100_000])
    while not broker.taken:
        broker.client.loop(1)
    assert len(broker.taken[0].body) == 2_000_000


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv5])
def test_properties_are_no_part_of_the_body(broker: Broker) -> None:
    expires_in_a_minute = b"\x05\x02\x00\x00\x00\x3c"
    broker.say(publish("a", b"1", mid=1, properties=expires_in_a_minute))
    assert broker.taken == [Publication(b"a", b"1", 1, 1, False)]


def test_many_are_acknowledged_at_once(broker: Broker) -> None:
    broker.client.acknowledge([1, 513])
    broker.client.loop(1)
    assert broker.socket.recv(100) == b"\x40\x02\x00\x01\x40\x02\x02\x01"


def test_none_are_acknowledged_by_nothing(broker: Broker) -> None:
    broker.client.acknowledge([])
    assert not broker.client.want_write()


def test_a_broker_that_hangs_up_is_noticed(broker: Broker) -> None:
    lost: list[Any] = []
    broker.client.on_disconnect = lambda *arguments: lost.append(arguments)
    broker.socket.close()
    broker.client.loop(1)
    assert lost


def test_half_a_packet_of_a_lost_connection_is_forgotten(broker: Broker, none: bytes) -> None:
    packet = publish("a", b"1", mid=1, properties=none)
    broker.say(packet[:4])
    broker.socket.close()
    broker.client.loop(1)
    broker.client.reconnect()
    broker.socket, _ = broker._listening.accept()
    broker.say(packet)
    assert len(broker.taken) == 1
