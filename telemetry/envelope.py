"""One message on its way through ingest, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telemetry.decode import Rejected
from telemetry.models import Door

MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it came through a door: from whom (topic or credential; may be unknown), what, and when."""

    device_id: str
    body: bytes
    door: Door
    received_at: datetime
    topic: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an envelope, in items: received = stored + duplicate + quarantined + rejected, always."""

    received: int
    stored: int
    duplicate: int
    quarantined: int
    rejected: tuple[Rejected, ...]


def as_json(receipt: Receipt, most_listed: int = MAX_LISTED) -> dict[str, Any]:
    """What a sender is told. What is rejected beyond `most_listed` entries is only counted, as `unlisted`."""
    rejected = sorted(receipt.rejected, key=lambda item: item.index)
    return {
        "received": receipt.received,
        "stored": receipt.stored,
        "duplicate": receipt.duplicate,
        "quarantined": receipt.quarantined,
        "rejected": [
            {
                "index": item.index,
                "key": item.key,
                "reason": item.reason.value,
                "detail": f"{item.reason.label}: {item.detail}" if item.detail else item.reason.label,
                "count": item.count,
            }
            for item in rejected[:most_listed]
        ],
        "unlisted": sum(item.count for item in rejected[most_listed:]),
    }


@dataclass(slots=True, eq=False)
class Tally:
    """What became of the items of one device in one envelope. `sender` is empty for devices nobody registered."""

    envelope: Envelope
    sender: str = ""
    device_pk: int | None = None
    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def rejected_items(self) -> int:
        return sum(item.count for item in self.rejected)

    @property
    def received(self) -> int:
        return self.stored + self.duplicate + self.quarantined + self.rejected_items


def receipt(tallies: list[Tally]) -> Receipt:
    return Receipt(
        received=sum(tally.received for tally in tallies),
        stored=sum(tally.stored for tally in tallies),
        duplicate=sum(tally.duplicate for tally in tallies),
        quarantined=sum(tally.quarantined for tally in tallies),
        rejected=tuple(item for tally in tallies for item in tally.rejected),
    )
