"""One message on its way through ingest, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from telemetry.decode import Rejected
from telemetry.models import Door

MAX_LISTED = 1000
# A message older than this on arrival was held back on the way: its time says nothing about the sender's clock.
LATE = timedelta(minutes=5).total_seconds()


class Booked(NamedTuple):
    """What the ledger says of a message on one sender's page, in items. `taken`: stored or duplicate."""

    sender: str
    taken: int
    quarantined: int
    rejected: Mapping[str, int]


class Again(NamedTuple):
    """A message that was received before: what it takes the place of in the books, and as which row it was kept."""

    booked: tuple[Booked, ...]
    rejected_message: int | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it came through a door: from whom (topic or credential; may be unknown), what, and when."""

    device_id: str
    body: bytes
    door: Door
    received_at: datetime
    topic: str = ""
    trace_id: str = ""
    again: Again | None = None


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
    # Messages that told a time of their own: how many of them came late, and by how many seconds the clocks of the
    # others were ahead of the portal's.
    late: int = 0
    ahead: list[float] = field(default_factory=list)

    @property
    def rejected_items(self) -> int:
        return sum(item.count for item in self.rejected) if self.rejected else 0

    @property
    def received(self) -> int:
        return self.stored + self.duplicate + self.quarantined + self.rejected_items

    def note_time(self, time: datetime) -> None:
        ahead = (time - self.envelope.received_at).total_seconds()
        if ahead < -LATE:
            self.late += 1
        else:
            self.ahead.append(ahead)


def receipt(tallies: list[Tally]) -> Receipt:
    if len(tallies) == 1:  # nearly always
        (tally,) = tallies
        return Receipt(tally.received, tally.stored, tally.duplicate, tally.quarantined, tuple(tally.rejected))
    return Receipt(
        received=sum(tally.received for tally in tallies),
        stored=sum(tally.stored for tally in tallies),
        duplicate=sum(tally.duplicate for tally in tallies),
        quarantined=sum(tally.quarantined for tally in tallies),
        rejected=tuple(item for tally in tallies for item in tally.rejected),
    )
