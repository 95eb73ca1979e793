"""Keep messages of which something was rejected, so that they can be looked at and taken in again.

However much is rejected, what is kept stays small: of each sender the newest messages, of all of them as much as there
is room for. What is beyond is counted (telemetry.ledger) and not kept.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Func, Q, QuerySet, Sum, Window
from django.db.models.functions import Length, RowNumber

from telemetry.decode import Rejected, shown
from telemetry.envelope import Envelope, Tally
from telemetry.models import Problem, RejectedMessage
from telemetry.reasons import Reason

KEPT_OF_BATCH = 20  # messages of each sender
ITEMS_OF_MESSAGE = 20
KEPT_OF_SENDER = 100
BYTES_OF_SENDER = 1024 * 1024
KEPT = 100_000
BYTES = 1024 * 1024 * 1024
KEPT_FOR = timedelta(days=30)
BEGINNING = 255  # bytes, of what cannot be taken in again
HOPELESS = {Reason.TOO_LARGE, Reason.QUARANTINE_FULL}


def keep(tallies: Iterable[Sequence[Tally]]) -> None:
    """Keep the messages of which something was rejected, the newest in place of the oldest of their sender.

    The tallies of one message come together.
    """
    kept: Counter[str] = Counter()
    messages: list[RejectedMessage] = []
    again: set[int] = set()
    for of_message in tallies:
        envelope = of_message[0].envelope
        rejected = [item for tally in of_message for item in tally.rejected]
        if envelope.again and envelope.again.rejected_message:
            again.add(envelope.again.rejected_message)
        elif kept[envelope.device_id] == KEPT_OF_BATCH:
            continue
        if not rejected:
            continue
        kept[envelope.device_id] += 1
        messages.append(_message(envelope, of_message, rejected))
    if messages:
        RejectedMessage.objects.bulk_create(messages)
        _drop_surplus({message.sender for message in messages}, again)


def prune(now: datetime) -> int:
    """Drop the messages that are too old, or too many of all; how many."""
    newest_first = RejectedMessage.objects.order_by("-pk")
    surplus = newest_first.values_list("pk", flat=True)[KEPT : KEPT + 1].first() or 0
    # Lengths are all that is read of bodies, and only where they could be too much.
    if (RejectedMessage.objects.aggregate(bytes=Sum(Length("body")))["bytes"] or 0) > BYTES:
        heavy = RejectedMessage.objects.annotate(
            bytes=Window(Sum(Length("body")), order_by=F("pk").desc()),
        ).filter(bytes__gt=BYTES)
        surplus = max(surplus, heavy.order_by("-pk").values_list("pk", flat=True).first() or 0)
    return drop(RejectedMessage.objects.filter(Q(received_at__lt=now - KEPT_FOR) | Q(pk__lte=surplus)))


def drop(messages: QuerySet[RejectedMessage]) -> int:
    """Delete what is kept; the ledger goes on counting it as rejected. How many messages."""
    return messages.delete()[0]


def _message(envelope: Envelope, tallies: Sequence[Tally], rejected: Sequence[Rejected]) -> RejectedMessage:
    sender = shown(envelope.device_id, 64)
    is_whole = sender == envelope.device_id and HOPELESS.isdisjoint(item.reason for item in rejected)
    return RejectedMessage(
        sender=sender,
        device_id=next((tally.device_pk for tally in tallies if tally.sender == envelope.device_id), None),
        door=envelope.door,
        received_at=envelope.received_at,
        body=envelope.body if is_whole else envelope.body[:BEGINNING],
        is_whole=is_whole,
        items=[
            asdict(Problem(item.reason.value, item.key, shown(item.detail, 255), item.count))
            for item in rejected[:ITEMS_OF_MESSAGE]
        ],
        booked={tally.sender: _booked(tally) for tally in tallies},
    )


def _booked(tally: Tally) -> dict[str, object]:
    reasons: Counter[str] = Counter()
    for item in tally.rejected:
        reasons[item.reason.value] += item.count
    return {"taken": tally.stored + tally.duplicate, "rejected": dict(reasons)}


def _drop_surplus(senders: set[str], again: set[int]) -> None:
    """Make room. Rows that somebody else is busy with are left to them; those in `again` go when they were taken."""

    def newest_first(figure: Func | Sum) -> Window:
        return Window(figure, partition_by="sender", order_by=F("pk").desc())

    surplus = (
        RejectedMessage.objects.filter(sender__in=senders)
        .exclude(pk__in=again)
        .annotate(place=newest_first(RowNumber()), bytes=newest_first(Sum(Length("body"))))
        .filter(Q(place__gt=KEPT_OF_SENDER) | Q(place__gt=1, bytes__gt=BYTES_OF_SENDER))
        .order_by()
        .values_list("pk", flat=True)
    )
    if pks := list(surplus):
        skip_locked = connection.features.has_select_for_update_skip_locked
        with transaction.atomic():
            free = RejectedMessage.objects.filter(pk__in=pks).order_by("pk").select_for_update(skip_locked=skip_locked)
            drop(RejectedMessage.objects.filter(pk__in=list(free.values_list("pk", flat=True))))
