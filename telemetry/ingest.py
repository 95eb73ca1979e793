"""The one verb behind all doors: `ingest(batch)`.

1. Look up who sends (telemetry.series); newcomers are registered where a project is open (telemetry.newcomers).
2. Take the bodies apart (telemetry.decode), give each value its series, count what comes twice in the batch.
3. In one transaction: hold what is written about, store, note the latest values and who was heard, quarantine,
   evaluate, write the ledger, keep what was rejected. All processes take their locks in this order, and within each
   step in the order of keys: none waits in a circle.
4. After the commit: tell the live stream and the throughput figures, both of which may be lost.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import Error, IntegrityError, transaction
from django.utils import timezone

from devices.models import Device
from devices.models.device import DEVICE_ID_PATTERN
from devices.presence import PresenceChange, note_messages
from telemetry import live, newcomers, rejected, series, throughput
from telemetry.decode import Message, Rejected, Value, decode, shown
from telemetry.envelope import Envelope, Receipt, Tally, receipt
from telemetry.evaluators import StoredReading, evaluate
from telemetry.latest import Gone, hold, note_latest
from telemetry.ledger import write_ledger
from telemetry.reasons import Reason
from telemetry.series import MAX_METRICS, Sender, Series, add_series, find_senders
from telemetry.store import Row, is_refusal, store

__all__ = ["Envelope", "Receipt", "StoredReading", "ingest"]

log = structlog.get_logger(__name__)

ATTEMPTS = 3
WORDS = {float: "a number", bool: "true or false", str: "a text"}

is_device_id = re.compile(DEVICE_ID_PATTERN).fullmatch


def ingest(batch: Sequence[Envelope]) -> list[Receipt]:
    """Store what is new in the batch and account for all of it; a receipt for each envelope, once it is committed.

    Raises django.db.Error while the database does not take it: then the caller tries again or says so, and what had
    been stored all the same will be a duplicate. No message can make it raise: one that the code fails on, or that
    the database refuses, is searched for by halves and rejected, and the rest is kept.
    """
    if not batch:
        return []
    try:
        return _ingest_with_fresh_series(batch)
    except Exception as error:
        if isinstance(error, Error) and not is_refusal(error):
            raise
        if len(batch) > 1:
            middle = len(batch) // 2
            return ingest(batch[:middle]) + ingest(batch[middle:])
        log.exception("a message could not be processed", sender=batch[0].device_id, trace_id=batch[0].trace_id)
        return _give_up(batch[0])


def _ingest_with_fresh_series(batch: Sequence[Envelope]) -> list[Receipt]:
    for _ in range(ATTEMPTS - 1):
        try:
            return _Batch(batch).commit()
        except (Gone, IntegrityError):
            # Devices or metrics were deleted after they had been looked up.
            series.forget()
    return _Batch(batch).commit()


def _give_up(envelope: Envelope) -> list[Receipt]:
    tally = Tally(envelope, rejected=[Rejected(Reason.UNPROCESSABLE)])
    with transaction.atomic():
        if is_device_id(envelope.device_id):
            held = Device.objects.filter(device_id=envelope.device_id).select_for_update(no_key=True)
            if (pk := held.values_list("pk", flat=True).first()) is not None:
                tally.sender, tally.device_pk = envelope.device_id, pk
        write_ledger([tally])
        rejected.keep([[tally]])
    return [receipt([tally])]


class _OfAnother(NamedTuple):
    """A message about another device than its sender: a gateway may send for its children."""

    device_id: str
    message: Message
    sender: Sender
    tally: Tally
    tallies: list[Tally]  # of the same envelope


class _Batch:
    """Envelopes taken apart and ready to be committed; once, for their tallies are counted on the way."""

    def __init__(self, envelopes: Sequence[Envelope]) -> None:
        self.envelopes = envelopes
        self.tallies: list[list[Tally]] = [[] for _ in envelopes]
        self.newcomers: list[Tally] = []
        self.heard: dict[Sender, datetime] = {}
        self.rows: dict[tuple[int, datetime], Row] = {}
        self.owners: list[Tally] = []  # of the rows, in their order
        self.origins: dict[int, tuple[Sender, str, Series]] = {}  # by metric
        messages = self._take_apart(self._find_senders())
        _add_missing_series(messages)
        for tally, sender, message in messages:
            self._take(tally, sender, message)

    def commit(self) -> list[Receipt]:
        with transaction.atomic():
            devices = {tally.device_pk for tallies in self.tallies for tally in tallies if tally.device_pk is not None}
            hold(self.origins.keys(), devices)
            new = self._store()
            latest = note_latest(new)
            presence = note_messages({sender.pk: at for sender, at in self.heard.items()})
            if self.newcomers:
                newcomers.quarantine(self.newcomers)
            self._evaluate(new)
            write_ledger(chain.from_iterable(self.tallies))
            rejected.keep(self.tallies)
            transaction.on_commit(partial(self._tell, latest, presence), robust=True)
        return [receipt(tallies) for tallies in self.tallies]

    def _find_senders(self) -> dict[str, Sender]:
        device_ids = {envelope.device_id for envelope in self.envelopes if is_device_id(envelope.device_id)}
        senders = find_senders(device_ids)
        unknown = device_ids - senders.keys()
        if unknown:
            registered = newcomers.register([envelope for envelope in self.envelopes if envelope.device_id in unknown])
            senders |= find_senders(registered)
        return senders

    def _take_apart(self, senders: Mapping[str, Sender]) -> list[tuple[Tally, Sender, Message]]:
        max_bytes = settings.INGEST_MAX_BODY_BYTES
        messages: list[tuple[Tally, Sender, Message]] = []
        of_others: list[_OfAnother] = []
        for envelope, tallies in zip(self.envelopes, self.tallies, strict=True):
            sender = senders.get(envelope.device_id)
            if sender is None or not sender.active:
                tallies.append(self._refuse(envelope, sender, max_bytes))
                continue
            at = envelope.received_at
            # What is taken in again must not be older than what is kept by now.
            oldest = (timezone.now() if envelope.again else at) - sender.keeps
            decoded = decode(envelope.body, received_at=at, oldest=oldest, max_bytes=max_bytes)
            tally = Tally(envelope, sender.device_id, sender.pk, rejected=decoded.rejected)
            tallies.append(tally)
            self._hear(sender, at)
            for message in decoded.messages:
                if message.device_id is None or message.device_id == sender.device_id:
                    messages.append((tally, sender, message))
                else:
                    of_others.append(_OfAnother(message.device_id, message, sender, tally, tallies))
        if of_others:
            messages += self._take_from_gateways(of_others)
        return messages

    def _refuse(self, envelope: Envelope, sender: Sender | None, max_bytes: int) -> Tally:
        """What a device that is not in service sends is one item, whatever it holds."""
        if sender is not None:
            return Tally(envelope, sender.device_id, sender.pk, rejected=[Rejected(Reason.DEVICE_DISABLED)])
        tally = Tally(envelope)
        if not is_device_id(envelope.device_id):
            tally.rejected.append(Rejected(Reason.WRONG_TOPIC, detail=envelope.topic or envelope.device_id))
            return tally
        decoded = decode(
            envelope.body, received_at=envelope.received_at, oldest=newcomers.BEGINNING, max_bytes=max_bytes
        )
        if decoded.messages:
            self.newcomers.append(tally)
        else:
            tally.rejected += decoded.rejected
        return tally

    def _take_from_gateways(self, messages: Sequence["_OfAnother"]) -> Iterator[tuple[Tally, Sender, Message]]:
        children = find_senders({child_id for child_id, *_ in messages if is_device_id(child_id)})
        for child_id, message, gateway, tally, tallies in messages:
            child = children.get(child_id)
            if child is None or child.parent_id != gateway.pk:
                _reject_all(tally, message, Reason.NOT_ALLOWED, f"{shown(child_id, 64)} is not behind it")
                continue
            of_child = next((other for other in tallies if other.sender == child.device_id), None)
            if of_child is None:
                of_child = Tally(tally.envelope, child.device_id, child.pk)
                tallies.append(of_child)
            if child.active:
                self._hear(child, tally.envelope.received_at)
                yield of_child, child, message
            else:
                _reject_all(of_child, message, Reason.DEVICE_DISABLED)

    def _hear(self, sender: Sender, at: datetime) -> None:
        before = self.heard.get(sender)
        if before is None or before < at:
            self.heard[sender] = at

    def _take(self, tally: Tally, sender: Sender, message: Message) -> None:
        tally.rejected += message.rejected
        time = message.time
        if time is not tally.envelope.received_at:
            tally.note_time(time)
        for key, value in message.values.items():
            series = sender.series.get(key)
            if series is None:
                detail = f"A device may have {MAX_METRICS} metrics"
                tally.rejected.append(Rejected(Reason.TOO_MANY_METRICS, key, detail, message.index))
            elif type(value) is not series.type:
                detail = f"{WORDS[type(value)]} where {WORDS[series.type]} belongs"
                tally.rejected.append(Rejected(Reason.WRONG_TYPE, key, detail, message.index))
            elif (series.metric_id, time) in self.rows:
                tally.duplicate += 1
            else:
                row = Row(series.metric_id, time, *((None, value) if type(value) is str else (float(value), None)))
                self.rows[series.metric_id, time] = row
                self.owners.append(tally)
                self.origins[series.metric_id] = (sender, key, series)
                tally.stored += 1

    def _store(self) -> list[Row]:
        """The rows that were not stored before."""
        rows = list(self.rows.values())
        known, refused = _store_what_goes(rows)
        if not known and not refused:
            return rows
        for position in known:
            self.owners[position].stored -= 1
            self.owners[position].duplicate += 1
        for position in refused:
            _, key, _ = self.origins[rows[position].metric_id]
            self.owners[position].stored -= 1
            self.owners[position].rejected.append(Rejected(Reason.UNPROCESSABLE, key))
        return [row for position, row in enumerate(rows) if position not in known and position not in refused]

    def _evaluate(self, new: Sequence[Row]) -> None:
        if settings.INGEST_EVALUATORS and new:
            evaluate(
                [
                    StoredReading(sender.pk, row.metric_id, key, row.time, _value(row, series), self.heard[sender])
                    for row in new
                    for sender, key, series in (self.origins[row.metric_id],)
                ]
            )

    def _tell(self, latest: Sequence[Row], presence: Sequence[PresenceChange]) -> None:
        changes: dict[str, live.DeviceChange] = {
            sender.device_id: {"project": sender.project_id, "last_message": at, "values": {}}
            for sender, at in self.heard.items()
        }
        for row in latest:
            sender, key, series = self.origins[row.metric_id]
            changes[sender.device_id]["values"][key] = {"value": _value(row, series), "time": row.time}
        for device_id, change in live.presence_changes(presence).items():
            changes[device_id].update(change)
        tallies = list(chain.from_iterable(self.tallies))
        now = timezone.now()
        commit = throughput.Commit(
            at=now,
            stored=sum(tally.stored for tally in tallies),
            duplicate=sum(tally.duplicate for tally in tallies),
            rejected=sum(tally.rejected_items for tally in tallies if tally.rejected),
            quarantined=sum(tally.quarantined for tally in tallies),
            lag=now - min((one.received_at for one in self.envelopes if not one.again), default=now),
        )
        live.push(changes, throughput.record(commit))


def _add_missing_series(messages: Sequence[tuple[Tally, Sender, Message]]) -> None:
    wanted: dict[tuple[str, str], tuple[Sender, Value]] = {}
    for _, sender, message in messages:
        if not message.values.keys() <= sender.series.keys():
            for key, value in message.values.items():
                if key not in sender.series:
                    wanted.setdefault((sender.device_id, key), (sender, value))
    if wanted:
        add_series(wanted)


def _reject_all(tally: Tally, message: Message, reason: Reason, detail: str = "") -> None:
    tally.rejected += message.rejected
    if message.values:
        tally.rejected.append(Rejected(reason, "", detail, message.index, len(message.values)))


def _store_what_goes(rows: Sequence[Row]) -> tuple[set[int], set[int]]:
    """Store rows; the positions of those that were there already, and of those that the database refuses."""
    try:
        return set(store(rows)), set()
    except Error as error:
        if not is_refusal(error):
            raise
        if len(rows) == 1:
            log.exception("a reading could not be stored", metric=rows[0].metric_id)
            return set(), {0}
        middle = len(rows) // 2
        known, refused = _store_what_goes(rows[:middle])
        for positions, more in zip((known, refused), _store_what_goes(rows[middle:]), strict=True):
            positions.update(middle + position for position in more)
        return known, refused


def _value(row: Row, series: Series) -> Value:
    return row.text or "" if row.value is None else series.type(row.value)
