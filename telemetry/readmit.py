"""Take in again what was kept back: messages of devices that are registered by now, and rejected ones whose cause is
mended. They go the way of every other message, with the time at which they came.

The books say of each item what became of it in the end: what they said of a message is withdrawn in the transaction
that takes it in again (telemetry.ledger). After an interruption the rest is still kept, and doing it again finishes it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice

from django.conf import settings
from django.db import transaction

from devices.models import Device, DeviceType, Project
from telemetry.envelope import Again, Booked, Envelope, Receipt
from telemetry.ingest import ingest
from telemetry.models import Door, QuarantinedMessage, RejectedMessage

# Bodies that are in memory at once, of up to 256 KiB each.
MESSAGES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Readmitted:
    """Messages taken in again, and what became of the values in them."""

    messages: int
    stored: int
    duplicate: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Registered:
    devices: int
    readmitted: Readmitted


def register_senders(senders: Collection[str], project: Project, device_type: DeviceType | None) -> Registered:
    """Register the senders, then take their kept messages in. Who has been registered meanwhile stays as it is."""
    made = [
        Device.objects.get_or_create(
            device_id=sender, defaults={"name": sender, "project": project, "device_type": device_type}
        )
        for sender in senders
    ]
    receipts: list[Receipt] = []
    while True:
        with transaction.atomic():
            kept = QuarantinedMessage.objects.filter(sender__in=senders).order_by("pk")
            batch = list(kept.select_for_update()[: min(MESSAGES_AT_ONCE, settings.INGEST_BATCH_SIZE)])
            if not batch:
                break
            receipts += ingest([_of_newcomer(message) for message in batch])
            QuarantinedMessage.objects.filter(pk__in=[message.pk for message in batch]).delete()
    return Registered(sum(is_new for _, is_new in made), _summed(receipts))


def ignore_senders(senders: Collection[str]) -> int:
    """Delete what is kept of the senders; how many messages. What they send from now on is kept again."""
    return QuarantinedMessage.objects.filter(sender__in=senders).delete()[0]


def take_again(messages: Iterable[int]) -> Readmitted:
    """Take rejected messages in again, by their keys. Of what is still rejected the message is kept again.

    Those of which only the beginning was kept, and those that somebody else has taken meanwhile, are left out.
    """
    keys = iter(messages)
    receipts: list[Receipt] = []
    while chunk := list(islice(keys, MESSAGES_AT_ONCE)):
        while (taken := _take_again(chunk)) is None:
            pass
        receipts += taken
    return _summed(receipts)


def _take_again(keys: Collection[int]) -> list[Receipt] | None:
    """None: some of them went meanwhile, and nothing was done.

    They are not locked beforehand, because ingest locks in another order than who deletes a device would then have to
    wait in (telemetry.ingest); whether they are still there is asked when they go.
    """
    with transaction.atomic():
        kept = list(RejectedMessage.objects.filter(pk__in=keys, is_whole=True).order_by("received_at", "pk"))
        receipts = ingest([_of_rejected(message) for message in kept])
        gone, _ = RejectedMessage.objects.filter(pk__in=[message.pk for message in kept]).delete()
        if gone == len(kept):
            return receipts
        transaction.set_rollback(True)
        return None


def _of_newcomer(message: QuarantinedMessage) -> Envelope:
    again = Again((Booked("", 0, 1, {}),))
    return Envelope(message.sender, bytes(message.body), Door(message.door), message.received_at, again=again)


def _of_rejected(message: RejectedMessage) -> Envelope:
    booked = tuple(Booked(sender, page["taken"], 0, page["rejected"]) for sender, page in message.booked.items())
    again = Again(booked, message.pk)
    return Envelope(message.sender, bytes(message.body), Door(message.door), message.received_at, again=again)


def _summed(receipts: Collection[Receipt]) -> Readmitted:
    return Readmitted(
        messages=len(receipts),
        stored=sum(receipt.stored for receipt in receipts),
        duplicate=sum(receipt.duplicate for receipt in receipts),
        rejected=sum(item.count for receipt in receipts for item in receipt.rejected),
    )
