"""What devices say on the test's broker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers.brokers import Broker


class Ear:
    """Hears everything on app/device/#, first what the broker remembers."""

    def __init__(self) -> None:
        self.subscribed = threading.Event()
        self._heard: list[tuple[str, str]] = []

    def heard(self, device_id: str, kind: str) -> list[str]:
        return [payload for topic, payload in self._heard if topic == f"app/device/{device_id}/{kind}"]

    def on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self._heard.append((message.topic, message.payload.decode()))


@contextmanager
def listening(broker: Broker) -> Iterator[Ear]:
    ear = Ear()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda client, *_: client.subscribe("app/device/#", qos=1)
    client.on_subscribe = lambda *_: ear.subscribed.set()
    client.on_message = ear.on_message
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        assert ear.subscribed.wait(10)
        yield ear
    finally:
        client.disconnect()
        client.loop_stop()
