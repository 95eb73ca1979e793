"""What becomes of quarantined devices: registered, with what they have sent meanwhile, or ignored."""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from devices.models import Device, DeviceType, Project
from telemetry.envelope import Envelope
from telemetry.ingest import ingest
from telemetry.models import Door, QuarantinedMessage


@dataclass(frozen=True, slots=True)
class Readmitted:
    """Devices registered, messages taken out of quarantine, and what became of the values in them."""

    devices: int
    messages: int
    stored: int
    duplicate: int
    rejected: int


def register_senders(senders: Collection[str], project: Project, device_type: DeviceType | None) -> Readmitted:
    """Register the senders, then ingest their kept messages by the way of every other message.

    Who has been registered meanwhile stays as it is. A batch leaves the quarantine in the transaction that ingests it:
    after an interruption the rest is still there, and doing this again finishes it.
    """
    made = [
        Device.objects.get_or_create(
            device_id=sender, defaults={"name": sender, "project": project, "device_type": device_type}
        )
        for sender in senders
    ]
    messages = 0
    receipts = []
    while True:
        with transaction.atomic():
            kept = QuarantinedMessage.objects.filter(sender__in=senders).order_by("pk")
            batch = list(kept.select_for_update()[: settings.INGEST_BATCH_SIZE])
            if not batch:
                break
            receipts += ingest([_envelope(message) for message in batch])
            QuarantinedMessage.objects.filter(pk__in=[message.pk for message in batch]).delete()
            messages += len(batch)
    return Readmitted(
        devices=sum(is_new for _, is_new in made),
        messages=messages,
        stored=sum(receipt.stored for receipt in receipts),
        duplicate=sum(receipt.duplicate for receipt in receipts),
        rejected=sum(item.count for receipt in receipts for item in receipt.rejected),
    )


def ignore_senders(senders: Collection[str]) -> int:
    """Delete what is kept of the senders; how many messages. What they send from now on is kept again."""
    return QuarantinedMessage.objects.filter(sender__in=senders).delete()[0]


def _envelope(message: QuarantinedMessage) -> Envelope:
    return Envelope(message.sender, bytes(message.body), Door(message.door), message.received_at)
