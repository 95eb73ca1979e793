"""Count what became of everything that was received, and keep a sample of what was rejected."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from telemetry.decode import shown
from telemetry.envelope import Tally
from telemetry.models import RejectedItem

SAMPLES = 20  # of each sender in each batch
MAX_SAMPLES = 100_000
SAMPLES_KEPT = timedelta(days=7)
UPSERT_ROWS = 1000

UPSERT_HOURS = """
    INSERT INTO telemetry_ledgerhour
        (sender, hour, device_id, received, stored, duplicate, rejected, quarantined) VALUES {rows}
    ON CONFLICT (sender, hour) DO UPDATE SET
        device_id = excluded.device_id,
        received = telemetry_ledgerhour.received + excluded.received,
        stored = telemetry_ledgerhour.stored + excluded.stored,
        duplicate = telemetry_ledgerhour.duplicate + excluded.duplicate,
        rejected = telemetry_ledgerhour.rejected + excluded.rejected,
        quarantined = telemetry_ledgerhour.quarantined + excluded.quarantined
"""
UPSERT_REASONS = """
    INSERT INTO telemetry_rejectioncount (sender, hour, reason, count) VALUES {rows}
    ON CONFLICT (sender, hour, reason) DO UPDATE SET count = telemetry_rejectioncount.count + excluded.count
"""


def write_ledger(tallies: Iterable[Tally]) -> None:
    """Add the tallies to their senders' hours.

    The hours stay locked until the end of the transaction, so this comes last in it; they are taken in order, so
    that several processes wait for each other but never in a circle.
    """
    hours: dict[tuple[str, datetime], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    devices: dict[str, int | None] = {}
    reasons: Counter[tuple[str, datetime, str]] = Counter()
    rejected: list[Tally] = []
    for tally in tallies:
        hour = tally.envelope.received_at.replace(minute=0, second=0, microsecond=0)
        figures = hours[tally.sender, hour]
        devices[tally.sender] = tally.device_pk
        figures[1] += tally.stored
        figures[2] += tally.duplicate
        figures[4] += tally.quarantined
        if tally.rejected:
            figures[3] += tally.rejected_items
            rejected.append(tally)
            for item in tally.rejected:
                reasons[tally.sender, hour, item.reason.value] += item.count
    for figures in hours.values():
        figures[0] = sum(figures)
    time_of = connection.ops.adapt_datetimefield_value
    _upsert(
        UPSERT_HOURS, [(sender, time_of(hour), devices[sender], *hours[sender, hour]) for sender, hour in sorted(hours)]
    )
    _upsert(
        UPSERT_REASONS,
        [(sender, time_of(hour), reason, reasons[sender, hour, reason]) for sender, hour, reason in sorted(reasons)],
    )
    _keep_samples(rejected)


def prune_samples(now: datetime) -> int:
    """Delete the samples that are too old or too many; how many."""
    surplus = RejectedItem.objects.order_by("-pk").values_list("pk", flat=True)[MAX_SAMPLES : MAX_SAMPLES + 1]
    newest_of_surplus = surplus.first() or 0
    deleted, _ = RejectedItem.objects.filter(
        Q(received_at__lt=now - SAMPLES_KEPT) | Q(pk__lte=newest_of_surplus)
    ).delete()
    return deleted


def _upsert(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(rows), UPSERT_ROWS):
            part = rows[start : start + UPSERT_ROWS]
            placeholders = f"({', '.join(['%s'] * len(part[0]))})"
            cursor.execute(
                statement.format(rows=", ".join([placeholders] * len(part))), [value for row in part for value in row]
            )


def _keep_samples(tallies: Sequence[Tally]) -> None:
    kept: Counter[str] = Counter()
    samples = []
    for tally in tallies:
        envelope = tally.envelope
        for item in tally.rejected[: SAMPLES - kept[tally.sender]]:
            kept[tally.sender] += 1
            samples.append(
                RejectedItem(
                    sender=shown(envelope.device_id, 64),
                    device_id=tally.device_pk,
                    door=envelope.door,
                    received_at=envelope.received_at,
                    reason=item.reason,
                    key=item.key,
                    detail=shown(item.detail, 255),
                    excerpt=shown(envelope.body[:255].decode("utf-8", "replace"), 255),
                )
            )
    if samples:
        RejectedItem.objects.bulk_create(samples)
