"""The devices that are measured with, what they send, and when it is stored."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import paho.mqtt.client as mqtt
import redis
from django.conf import settings
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from bench.publisher import ACCOUNT, Message
from devices.models import Device, Project
from telemetry.models import Metric
from telemetry.throughput import TOTALS
from tests.servers.installation import Installation

KEYS = ("temperature", "humidity", "battery")
EVERY = timedelta(milliseconds=100)

_begin = datetime.now(UTC) - timedelta(hours=1)
_sent: Counter[str] = Counter()


def register(count: int, name: str = "bench") -> Project:
    """Devices `bench-0`, … that have sent before, in a project of that name."""
    project, _ = Project.objects.get_or_create(slug=name, defaults={"name": name.capitalize()})
    ids = [f"{name}-{number}" for number in range(count)]
    Device.objects.bulk_create(
        [Device(device_id=device_id, name=device_id, project=project) for device_id in ids], ignore_conflicts=True
    )
    devices = Device.objects.filter(device_id__in=ids)
    Metric.objects.bulk_create(
        [Metric(device=device, key=key, label=key) for device in devices for key in (*KEYS, "sent")],
        ignore_conflicts=True,
    )
    return project


def messages(count: int, devices: int, name: str = "bench", root: str = "app") -> list[Message]:
    """Messages of three values by one device after the other, none of which was sent before."""
    return list(islice(_messages(devices, name, root), count))


def _messages(devices: int, name: str, root: str) -> Iterator[Message]:
    while True:
        for number in range(devices):
            device_id = f"{name}-{number}"
            _sent[device_id] += 1
            count = _sent[device_id]
            values = {"temperature": count % 40 + 0.5, "humidity": count % 100, "battery": 3.8}
            time = (_begin + count * EVERY).isoformat()
            yield f"{root}/device/{device_id}/telemetry", json.dumps({"telemetry": values, "timestamp": time}).encode()


def values_stored(client: redis.Redis) -> int:
    """As the portal counts them, after each commit."""
    return int(client.hget(TOTALS, "stored") or 0)


def forget_sessions(installation: Installation) -> None:
    """Have the broker keep nothing for workers of benchmarks before."""
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
        for session in client.sscan_iter(f"iotsphere:sessions:{settings.INGEST_GROUP}"):
            broker = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=session, protocol=MQTTProtocolVersion.MQTTv5)
            broker.username_pw_set(*ACCOUNT)
            broker.connect("127.0.0.1", installation.broker.port, clean_start=True)
            broker.loop_start()
            broker.disconnect()
            broker.loop_stop()
        client.flushdb()
