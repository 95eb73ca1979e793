"""Messages of devices nobody registered: into the open project, if there is one, else into quarantine."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from django.db.models import Count

from devices.models import Device, DeviceType, MetricDefinition, Project, Provisioning
from telemetry.decode import Rejected, decode
from telemetry.envelope import Envelope, Tally
from telemetry.models import QuarantinedMessage
from telemetry.reasons import Reason

# However many names somebody makes up, the pages of the open project must stay usable.
MAX_REGISTERED = 1000
MAX_QUARANTINED = 10_000
MAX_QUARANTINED_PER_SENDER = 100
# Of its type a device must send, or of what it sends the type must know, that much at least.
LIKENESS = 0.5
BEGINNING = datetime.min.replace(tzinfo=UTC)


def register(envelopes: Sequence[Envelope]) -> list[str]:
    """Register unknown senders of readable messages in the project that is open to them; who has been."""
    project = Project.objects.filter(provisioning=Provisioning.OPEN).first()
    if project is None:
        return []
    room = MAX_REGISTERED - project.devices.count()
    registered: list[str] = []
    for envelope in envelopes:
        if envelope.device_id in registered or len(registered) >= room:
            continue
        decoded = decode(envelope.body, received_at=envelope.received_at, oldest=BEGINNING)
        keys = {key for message in decoded.messages if message.device_id is None for key in message.values}
        if keys:
            Device.objects.get_or_create(
                device_id=envelope.device_id,
                defaults={"name": envelope.device_id, "project": project, "device_type": guess_type(keys)},
            )
            registered.append(envelope.device_id)
    return registered


def guess_type(keys: Collection[str]) -> DeviceType | None:
    """The device type whose metrics are most like `keys`; None when none is like them."""
    known: dict[int, set[str]] = {}
    for device_type, key in MetricDefinition.objects.values_list("device_type", "key"):
        known.setdefault(device_type, set()).add(key)
    sent = set(keys)
    shared = {pk: known[pk] & sent for pk in known}
    # A device need not send all that its type knows, nor does a type know all that a device sends.
    alike = [
        pk for pk in known if known[pk] == sent or len(shared[pk]) >= max(2, LIKENESS * min(len(known[pk]), len(sent)))
    ]
    best = max(alike, key=lambda pk: len(shared[pk]) / len(known[pk] | sent), default=None)
    return None if best is None else DeviceType.objects.get(pk=best)


def quarantine(tallies: Sequence[Tally]) -> None:
    """Keep the messages whole, as long as there is room for their senders, and note it in the tallies."""
    held = Counter(
        dict(
            QuarantinedMessage.objects.filter(sender__in={tally.envelope.device_id for tally in tallies})
            .order_by()
            .values_list("sender")
            .annotate(Count("pk"))
        )
    )
    room = MAX_QUARANTINED - QuarantinedMessage.objects.count()
    messages: list[QuarantinedMessage] = []
    for tally in tallies:
        envelope = tally.envelope
        if len(messages) < room and held[envelope.device_id] < MAX_QUARANTINED_PER_SENDER:
            held[envelope.device_id] += 1
            tally.quarantined = 1
            messages.append(
                QuarantinedMessage(
                    sender=envelope.device_id,
                    door=envelope.door,
                    received_at=envelope.received_at,
                    body=envelope.body,
                )
            )
        else:
            tally.rejected.append(Rejected(Reason.QUARANTINE_FULL))
    QuarantinedMessage.objects.bulk_create(messages)
