"""The run command's brokers, each started as the command starts it, and clients of theirs."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from iotsphere.supervisor.broker import EmbeddedBroker, embedded_broker
from iotsphere.supervisor.home import Home
from iotsphere.supervisor.options import Options
from iotsphere.supervisor.ports import free_port
from tests.servers.child import Child
from tests.servers.ports import is_listening
from tests.waiting import wait_until


@contextmanager
def running_broker(folder: Path, *, bundled: bool, demo: bool) -> Iterator[tuple[EmbeddedBroker, Child]]:
    broker = make_broker(folder, bundled=bundled, demo=demo)
    child = Child("broker", broker.program.command, folder / "broker.log")
    child.wait_until(lambda: is_listening(broker.port) and (broker.folder / "broker.pid").exists())
    yield broker, child
    child.stop()
    print(child.output)


def make_broker(folder: Path, *, bundled: bool, demo: bool) -> EmbeddedBroker:
    options = replace(Options.read({"DATA_DIR": str(folder)}), mqtt_port=free_port(), demo=demo, bundled=bundled)
    return embedded_broker(Home(folder), options)


class BrokerClient:
    """An MQTT client that remembers what it hears."""

    def __init__(
        self,
        port: int,
        user: str = "",
        password: str = "",
        *,
        host: str = "127.0.0.1",
        will: str = "",
        v5: Properties | None = None,
        certificate: tuple[Path, Path] | None = None,
        ca: Path | None = None,
        reconnects: bool = True,
        **options: Any,
    ) -> None:
        """`certificate` and its key are presented to a broker whose own one `ca` signed."""
        self.heard: list[tuple[str, bytes]] = []
        self.answer: ReasonCode | None = None
        self.is_gone = threading.Event()
        self.mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=reconnects, **options)
        if user:
            self.mqtt.username_pw_set(user, password)
        if ca:
            shown, key = map(str, certificate) if certificate else (None, None)
            self.mqtt.tls_set(str(ca), shown, key)
        if will:
            self.mqtt.will_set(will, "offline", qos=1)
        self._subscribed = threading.Event()
        self.mqtt.on_connect = self._on_connect
        self.mqtt.on_subscribe = lambda *_: self._subscribed.set()
        self.mqtt.on_message = lambda _client, _data, message: self.heard.append(
            (message.topic, bytes(message.payload))
        )
        self.mqtt.on_disconnect = lambda *_: self.is_gone.set()
        try:
            self.mqtt.connect(host, port, properties=v5)
        except OSError:
            self.is_gone.set()
        self.mqtt.loop_start()
        wait_until(lambda: self.answer is not None or self.is_gone.is_set(), what="the broker's answer")

    @property
    def is_taken(self) -> bool:
        return self.answer is not None and not self.answer.is_failure

    def subscribe(self, topic: str) -> None:
        self._subscribed.clear()
        self.mqtt.subscribe(topic, qos=1)
        assert self._subscribed.wait(10)

    def publish(self, topic: str, body: bytes | str = b"x", *, retain: bool = False) -> None:
        self.mqtt.publish(topic, body, qos=1, retain=retain).wait_for_publish(10)

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.heard]

    def vanish(self) -> None:
        """End the connection without a word."""
        if connection := self.mqtt.socket():
            connection.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]  # ends the loop's waiting too
        self.mqtt.loop_stop()

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def _on_connect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.answer = reason
        if reason.is_failure:
            self.mqtt.disconnect()
