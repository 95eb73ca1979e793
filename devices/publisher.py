"""The portal's own client at the broker for what it sends to devices: connected on first need, and kept."""

import logging
import os
import threading
import time
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple
from uuid import uuid4

import paho.mqtt.client as mqtt
import structlog

from devices.mqtt import KEEPALIVE, make_client

log = structlog.get_logger(__name__)

QOS = 1
PATIENCE = 5.0


class Message(NamedTuple):
    topic: str
    body: bytes
    is_retained: bool = False


class Publisher:
    """What it is asked to publish is at the broker (acknowledged by it), or it is not kept for later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: mqtt.Client | None = None

    def publish(self, messages: Sequence[Message], timeout: float = PATIENCE) -> list[bool]:
        """Publish in this order and say of each whether the broker took it within `timeout` seconds together."""
        deadline = time.monotonic() + timeout
        with self._lock:
            client = self._connected(deadline)
            if client is None:
                return [False] * len(messages)
            sent = [client.publish(topic, body, QOS, is_retained) for topic, body, is_retained in messages]
            taken = [_is_taken(info, deadline) for info in sent]
            if not all(taken):
                self._drop()  # or paho would send the rest some time later, when nobody reckons with it
        return taken

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _connected(self, deadline: float) -> mqtt.Client | None:
        if self._client is None:
            client, broker = make_client(f"iotsphere-outbox-{os.getpid()}-{uuid4().hex[:8]}")
            client.max_inflight_messages_set(1000)
            client.enable_logger(logging.getLogger("paho"))
            self._client = client
            client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE)
            client.loop_start()
        while not self._client.is_connected():
            if time.monotonic() > deadline:
                log.warning("the broker does not answer: what is for devices waits")
                self._drop()
                return None
            time.sleep(0.01)
        return self._client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disable_logger()
            client.disconnect()
            client.loop_stop()


def _is_taken(info: mqtt.MQTTMessageInfo, deadline: float) -> bool:
    try:
        info.wait_for_publish(max(0.0, deadline - time.monotonic()))
    except (RuntimeError, ValueError):
        return False
    return info.is_published()


@cache
def publisher() -> Publisher:
    """This process's."""
    return Publisher()


def publish(messages: Sequence[Message]) -> list[bool]:
    return publisher().publish(messages) if messages else []
