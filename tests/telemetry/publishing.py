"""Devices of one moment: publish and be gone."""

import json
from collections.abc import Iterable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers.brokers import Broker


def publish(broker: Broker, *messages: tuple[str, Any], retain: bool = False, qos: int = 1) -> None:
    """Publish (topic, body) pairs and wait until the broker has them all."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    sent = [client.publish(topic, _content(body), qos=qos, retain=retain) for topic, body in messages]
    for message in sent:
        message.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


def telemetry(device_id: str, times: Iterable[float], **values: Any) -> list[tuple[str, Any]]:
    """One message for each time, which is an epoch."""
    topic = f"app/device/{device_id}/telemetry"
    return [(topic, {"telemetry": values, "timestamp": time}) for time in times]


def _content(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
