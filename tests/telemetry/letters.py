"""Envelopes for tests."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from telemetry.ingest import Envelope, Receipt, ingest
from telemetry.models import Door

NOW = datetime(2025, 12, 19, 13, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def envelope(device_id: str, body: Any, *, at: datetime = NOW, door: Door = Door.MQTT, topic: str = "") -> Envelope:
    """`body`: bytes as they are, or what is to be put into JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Envelope(device_id, content, door, at, topic)


def telemetry(device_id: str, values: dict[str, Any], *, time: datetime | None = None, at: datetime = NOW) -> Envelope:
    """One message with the time given, else that of its arrival."""
    return envelope(device_id, {"telemetry": values} | ({"timestamp": time.isoformat()} if time else {}), at=at)


def take(letter: Envelope) -> Receipt:
    """The receipt for a batch of one."""
    return ingest([letter])[0]
