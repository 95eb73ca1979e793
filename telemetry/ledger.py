"""Count what became of everything that was received, by sender and hour.

A message that is taken in again (telemetry.readmit) was received once: what its pages say of it is withdrawn, and
what becomes of it now takes that place, on the page of the hour in which it came.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from devices.arrays import array
from telemetry.envelope import Again, Envelope, Tally

UPSERT_ROWS = 500

UPSERT_HOURS = """
    INSERT INTO telemetry_ledgerhour (sender, hour, device_id, received, stored, duplicate, rejected, quarantined,
        late, clocked, ahead_sum, ahead_min, ahead_max) {rows}
    ON CONFLICT (sender, hour) DO UPDATE SET
        device_id = coalesce(excluded.device_id, telemetry_ledgerhour.device_id),
        received = telemetry_ledgerhour.received + excluded.received,
        stored = telemetry_ledgerhour.stored + excluded.stored,
        duplicate = telemetry_ledgerhour.duplicate + excluded.duplicate,
        rejected = telemetry_ledgerhour.rejected + excluded.rejected,
        quarantined = telemetry_ledgerhour.quarantined + excluded.quarantined,
        late = telemetry_ledgerhour.late + excluded.late,
        clocked = telemetry_ledgerhour.clocked + excluded.clocked,
        ahead_sum = telemetry_ledgerhour.ahead_sum + excluded.ahead_sum,
        ahead_min = CASE WHEN excluded.ahead_min < telemetry_ledgerhour.ahead_min
            OR telemetry_ledgerhour.ahead_min IS NULL THEN excluded.ahead_min ELSE telemetry_ledgerhour.ahead_min END,
        ahead_max = CASE WHEN excluded.ahead_max > telemetry_ledgerhour.ahead_max
            OR telemetry_ledgerhour.ahead_max IS NULL THEN excluded.ahead_max ELSE telemetry_ledgerhour.ahead_max END
"""
UPSERT_REASONS = """
    INSERT INTO telemetry_rejectioncount (sender, hour, reason, count) {rows}
    ON CONFLICT (sender, hour, reason) DO UPDATE SET count = telemetry_rejectioncount.count + excluded.count
"""
HOURS_TYPES = ("text", "timestamptz", *["int8"] * 8, *["float8"] * 3)
REASONS_TYPES = ("text", "timestamptz", "text", "int8")
WITHDRAW_HOUR = """
    UPDATE telemetry_ledgerhour SET received = received - %s, rejected = rejected - %s, quarantined = quarantined - %s
    WHERE sender = %s AND hour = %s
"""
WITHDRAW_REASON = (
    "UPDATE telemetry_rejectioncount SET count = count - %s WHERE sender = %s AND hour = %s AND reason = %s"
)
FORGET_REASON = "DELETE FROM telemetry_rejectioncount WHERE sender = %s AND hour = %s AND reason = %s AND count = 0"

PageKey = tuple[str, datetime]  # sender and hour


@dataclass(slots=True)
class _Page:
    """What is to be added to a sender's hour."""

    device_pk: int | None = None
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    quarantined: int = 0
    late: int = 0
    clocked: int = 0
    ahead_sum: float = 0.0
    ahead_min: float | None = None
    ahead_max: float | None = None

    def add(self, tally: Tally) -> None:
        self.device_pk = tally.device_pk
        self.stored += tally.stored
        self.duplicate += tally.duplicate
        self.rejected += tally.rejected_items
        self.quarantined += tally.quarantined
        if tally.stored and (tally.late or tally.ahead):  # what comes a second time says nothing about clocks
            self.late += tally.late
            self.clocked += len(tally.ahead)
            for ahead in tally.ahead:
                self.ahead_sum += ahead
                self.ahead_min = ahead if self.ahead_min is None else min(self.ahead_min, ahead)
                self.ahead_max = ahead if self.ahead_max is None else max(self.ahead_max, ahead)

    def figures(self) -> tuple[Any, ...]:
        received = self.stored + self.duplicate + self.rejected + self.quarantined
        return (
            self.device_pk,
            received,
            self.stored,
            self.duplicate,
            self.rejected,
            self.quarantined,
            self.late,
            self.clocked,
            self.ahead_sum,
            self.ahead_min,
            self.ahead_max,
        )


def write_ledger(tallies: Iterable[Tally]) -> None:
    """Add the tallies to their senders' hours.

    The hours stay locked until the end of the transaction, so this comes last in it; they are taken in order, so
    that several processes wait for each other but never in a circle.
    """
    pages: dict[PageKey, _Page] = defaultdict(_Page)
    reasons: Counter[tuple[str, datetime, str]] = Counter()
    again: dict[int, Envelope] = {}
    for tally in tallies:
        hour = hour_of(tally.envelope)
        page = pages[tally.sender, hour]
        page.add(tally)
        for item in tally.rejected:
            reasons[tally.sender, hour, item.reason.value] += item.count
        if tally.envelope.again:
            again[id(tally.envelope)] = tally.envelope
            page.duplicate -= _counted_before(tally, tally.envelope.again)
    if again:
        _withdraw(again.values(), pages)
    _write_pages(pages)
    time_of = connection.ops.adapt_datetimefield_value
    _upsert(
        UPSERT_REASONS,
        REASONS_TYPES,
        [(sender, time_of(hour), reason, reasons[sender, hour, reason]) for sender, hour, reason in sorted(reasons)],
    )


def hour_of(envelope: Envelope) -> datetime:
    return envelope.received_at.replace(minute=0, second=0, microsecond=0)


def _counted_before(tally: Tally, again: Again) -> int:
    """Those of its duplicates that are items of the same message, taken when it came."""
    taken = sum(booked.taken for booked in again.booked if booked.sender == tally.sender)
    return min(tally.duplicate, taken)


def _withdraw(envelopes: Iterable[Envelope], pages: Mapping[PageKey, _Page]) -> None:
    """Take back what the ledger says of messages that are taken in again."""
    time_of = connection.ops.adapt_datetimefield_value
    hours, reasons = [], []
    named = set(pages)
    for envelope in envelopes:
        hour = hour_of(envelope)
        for booked in envelope.again.booked if envelope.again else ():
            rejected = sum(booked.rejected.values())
            named.add((booked.sender, hour))
            hours.append((rejected + booked.quarantined, rejected, booked.quarantined, booked.sender, time_of(hour)))
            reasons += [(count, booked.sender, time_of(hour), reason) for reason, count in booked.rejected.items()]
    _write_pages(dict.fromkeys(named, _Page()))  # changes nothing, but takes all of them, in order
    with connection.cursor() as cursor:
        cursor.executemany(WITHDRAW_HOUR, hours)
        cursor.executemany(WITHDRAW_REASON, reasons)
        cursor.executemany(FORGET_REASON, [row[1:] for row in reasons])


def _write_pages(pages: Mapping[PageKey, _Page]) -> None:
    time_of = connection.ops.adapt_datetimefield_value
    rows = [(sender, time_of(hour), *pages[sender, hour].figures()) for sender, hour in sorted(pages)]
    _upsert(UPSERT_HOURS, HOURS_TYPES, rows)


def _upsert(statement: str, types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and rows:
            # Arrays: to look for the places of thousands of parameters would take longer than all the rest.
            columns = ", ".join(f"%s::{type_}[]" for type_ in types)
            arrays = [array(column) for column in zip(*rows, strict=True)]
            cursor.execute(statement.format(rows=f"SELECT * FROM unnest({columns})"), arrays)  # noqa: S608
            return
        for start in range(0, len(rows), UPSERT_ROWS):
            part = rows[start : start + UPSERT_ROWS]
            placeholders = f"({', '.join(['%s'] * len(types))})"
            cursor.execute(
                statement.format(rows="VALUES " + ", ".join([placeholders] * len(part))),
                [value for row in part for value in row],
            )
