"""What is due to be sent to devices: commands and desired states, and commands whose time is over.

Any number of workers may work it off side by side. A row is claimed before it is sent, so that one of them sends it; of
a worker that dies meanwhile the claim ends by itself, and the row is sent again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from devices import topics
from devices.command_states import QUEUED, UNDELIVERED
from devices.commands import message, note_over, note_sent, retry_after
from devices.models import Command, Device, Lifecycle, Presence, Twin, Way, Witness
from devices.publisher import Message, publish
from devices.signals import devices_connected
from devices.wake import start_soon, wake_outbox

log = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=15)  # longer than a publisher waits for the broker
AT_ONCE = 200
TRY_AGAIN = timedelta(seconds=5)
WITHDRAW = "devices.tasks.withdraw_desired"


def work_off(now: datetime | None = None) -> int:
    """Do what is due: how many messages the broker took."""
    now = now or timezone.now()
    return _work_off_commands(now) + _work_off_twins(now)


@receiver(devices_connected)
def send_what_waits(pks: Sequence[int], way: Way | None, **_: Any) -> None:
    """A device that has connected is sent what it has not received, whatever the broker was told before."""
    if way is not None:
        Device.objects.filter(pk__in=pks).exclude(reached_by=way).update(reached_by=way)
    now = timezone.now()
    waiting = Command.objects.filter(device__in=pks, status__in=UNDELIVERED).update(due_at=now)
    waiting += Twin.objects.filter(device__in=pks, pending_since__isnull=False).update(due_at=now)
    if waiting:
        wake_outbox()


@receiver(post_delete, sender=Twin)
def withdraw_soon(instance: Twin, **_: Any) -> None:
    """Whoever gets the name of a device that is gone must not be told what was desired of it."""
    if instance.version:
        start_soon(WITHDRAW, instance.device.device_id)


def withdraw_desired(device_id: str) -> None:
    if not Twin.objects.filter(device__device_id=device_id).exists():
        publish([Message(topics.desired(device_id), b"", is_retained=True)])


def _work_off_commands(now: datetime) -> int:
    sent = 0
    while rows := _claim_commands(now):
        going = [command for command in rows if command.claimed_until is not None]
        taken = publish([_command_message(command, now) for command in going])
        for command, was_taken in zip(going, taken, strict=True):
            _settle(command, was_taken)
        sent += sum(taken)
        if len(rows) < AT_ONCE or not all(taken):
            break
    return sent


@transaction.atomic
def _claim_commands(now: datetime) -> list[Command]:
    due = (
        Command.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("device")
        .filter(Q(claimed_until=None) | Q(claimed_until__lte=now), due_at__lte=now)
        .order_by("due_at", "created_at")
    )
    rows = list(due[:AT_ONCE])
    for command in rows:
        command.claimed_until = None
        if note_over(command, now):
            continue
        if command.status in UNDELIVERED and _is_reachable(command.device):
            command.attempts += 1
            command.claimed_until = command.due_at = now + CLAIM
        else:
            # What comes next, its return or the device's word, is told; what does not come is due then.
            command.due_at = command.expires_at if command.status == QUEUED else command.answer_due_at
        command.save(update_fields=["claimed_until", "attempts", "due_at"])
    return rows


def _is_reachable(device: Device) -> bool:
    """By MQTT, now. Who fetches what it is to do is not waited for here."""
    return (
        device.reached_by == Way.MQTT
        and device.lifecycle == Lifecycle.ACTIVE
        and device.presence in {Presence.ONLINE, Presence.STALE}
    )


def _settle(claimed: Command, was_taken: bool) -> None:
    with transaction.atomic():
        command = Command.objects.select_for_update(of=("self",)).filter(pk=claimed.pk).first()
        if command is None or command.claimed_until != claimed.claimed_until:
            return  # the device has answered meanwhile, or somebody else sends it
        now = timezone.now()
        if was_taken:
            note_sent(command, Witness.BROKER, "Taken by the broker.", now)
        else:
            command.claimed_until = None
            command.due_at = now + retry_after(command.attempts)
            command.save(update_fields=["claimed_until", "due_at"])


def _command_message(command: Command, now: datetime) -> Message:
    return Message(topics.command(command.device.device_id), orjson.dumps(message(command, now)))


def _work_off_twins(now: datetime) -> int:
    """Desired states are retained: the broker hands them to a device whenever it subscribes."""
    with transaction.atomic():
        due = (
            Twin.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("device")
            .filter(due_at__lte=now)
            .order_by("due_at")
        )
        twins = list(due[:AT_ONCE])
        Twin.objects.filter(pk__in=[twin.pk for twin in twins]).update(due_at=now + CLAIM)
    taken = publish([_desired_message(twin) for twin in twins])
    for twin, was_taken in zip(twins, taken, strict=True):
        told = Twin.objects.filter(pk=twin.pk, version=twin.version)
        told.update(due_at=None if was_taken else timezone.now() + TRY_AGAIN)
    return sum(taken)


def _desired_message(twin: Twin) -> Message:
    body = orjson.dumps({"version": twin.version, "state": twin.desired})
    return Message(topics.desired(twin.device.device_id), body, is_retained=True)
