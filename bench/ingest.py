"""How fast messages are taken in: the whole of ingest() against one ORM call after the other."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from time import perf_counter

from django.utils import timezone

from devices.models import Device, Project
from telemetry.envelope import Envelope
from telemetry.ingest import ingest
from telemetry.models import Door, Metric, Reading

DEVICES = 100
BATCH = 5000
ROUNDS = 3

seconds = count()


def measure() -> Iterator[str]:
    project = Project.objects.create(name="Bench", slug="bench")
    for number in range(DEVICES):
        Device.objects.create(device_id=f"bench-{number}", name=f"Bench {number}", project=project)
    ingest(_batch(DEVICES))  # the metrics appear, the caches fill
    naive = max(_per_second(_naive, 500) for _ in range(ROUNDS))
    whole = max(_per_second(ingest, BATCH) for _ in range(ROUNDS))
    yield f"ingest, one ORM call after the other: {naive:,.0f} messages/s of 3 values"
    yield f"ingest, batches of {BATCH:,}: {whole:,.0f} messages/s, {whole / naive:.0f} × as many"


def _batch(size: int) -> list[Envelope]:
    now = timezone.now()
    return [_envelope(number, now - timedelta(days=1) + timedelta(seconds=next(seconds))) for number in range(size)]


def _envelope(number: int, at: datetime) -> Envelope:
    values = {"temperature": number % 40 + 0.5, "humidity": number % 100, "battery": 3.8}
    body = json.dumps({"telemetry": values, "timestamp": at.isoformat()}).encode()
    return Envelope(f"bench-{number % DEVICES}", body, Door.MQTT, timezone.now())


def _per_second(take: Callable[[list[Envelope]], object], size: int) -> float:
    batch = _batch(size)
    began = perf_counter()
    take(batch)
    return size / (perf_counter() - began)


def _naive(batch: list[Envelope]) -> None:
    """What one writes first."""
    for envelope in batch:
        message = json.loads(envelope.body)
        device = Device.objects.get(device_id=envelope.device_id)
        for key, value in message["telemetry"].items():
            metric, _ = Metric.objects.get_or_create(device=device, key=key)
            time = datetime.fromisoformat(message["timestamp"])
            Reading.objects.create(metric=metric, time=time, value=value)
            Metric.objects.filter(pk=metric.pk).update(last_value=value, last_time=time)
