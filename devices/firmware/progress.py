"""What is known of updates, looked at in the order in which it became known.

Everything that says something about an update is a row: what its device reported (TwinChange) and what became of its
command. So it does not matter who looks, when, or how often: a look that was lost with a process is made up for by the
next one (devices.firmware.rollout.work_off).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from devices.command_states import ENDINGS as ENDINGS_OF_COMMANDS
from devices.command_states import CommandStatus
from devices.firmware.states import (
    ENDINGS,
    Evidence,
    UpdateStatus,
    evidence_of,
    evidence_of_command,
    moves,
    read_reported,
)
from devices.firmware.targets import running_versions
from devices.models import FirmwareStep, FirmwareUpdate, TwinChange, TwinSide, Witness
from devices.models.firmware import FirmwareUpdateQuerySet

log = structlog.get_logger(__name__)

NOT_IN_TIME = "The device did not report in time that it runs the new version."


def with_news(now: datetime) -> FirmwareUpdateQuerySet:
    """Updates about which something is known that has not been looked at."""
    reports = TwinChange.objects.filter(
        twin__device=OuterRef("device"), side=TwinSide.REPORTED, pk__gt=OuterRef("seen")
    )
    waits_for_report = Q(command__status=CommandStatus.SUCCEEDED, status=UpdateStatus.UPDATING)
    has_ended = Q(command__status__in=ENDINGS_OF_COMMANDS) & ~waits_for_report
    was_told = Q(command__answer_due_at__isnull=False, due_at=None)
    news = Q(Exists(reports)) | has_ended | was_told | Q(due_at__lte=now)
    return FirmwareUpdate.objects.open().filter(news, command__isnull=False)


@transaction.atomic
def look(pk: int, now: datetime | None = None) -> FirmwareUpdate | None:
    """Move an update by what is known of it by now; None if it is not under way."""
    now = now or timezone.now()
    update = (
        FirmwareUpdate.objects.select_for_update(of=("self",))
        .select_related("campaign__package", "command", "device__project")
        .filter(pk=pk)
        .first()
    )
    if update is None or update.command is None or not update.is_open:
        return None
    version = update.campaign.package.version
    update.due_at = update.command.answer_due_at
    changes = TwinChange.objects.filter(twin__device=update.device, side=TwinSide.REPORTED, pk__gt=update.seen)
    for change in changes.order_by("pk"):
        update.seen = change.pk
        said = evidence_of(read_reported(change.diff.get("firmware", {}).get("to")), version)
        if said is not None:
            note(update, said, Witness.DEVICE, change.at)
    command = update.command
    ended = evidence_of_command(command.status, command.reason)
    if ended is not None:
        witness = (
            Witness.PORTAL if command.status in (CommandStatus.TIMED_OUT, CommandStatus.EXPIRED) else Witness.DEVICE
        )
        note(update, ended, witness, command.changed_at)
    if update.status == UpdateStatus.UPDATING and running_versions([update.device]).get(update.device_id) == version:
        note(update, Evidence(UpdateStatus.UPDATED), Witness.DEVICE, now)
    if update.due_at is not None and update.due_at <= now:
        note(update, Evidence(UpdateStatus.FAILED, NOT_IN_TIME), Witness.PORTAL, now)
    update.save(update_fields=["due_at", "seen"])
    return update


def note(update: FirmwareUpdate, evidence: Evidence, witness: Witness, at: datetime) -> None:
    """Take evidence about a locked update: keep it if it moves the update, else only how far the present step is."""
    if not moves(update.status, evidence.status):
        if evidence.status == update.status and evidence.percent != update.percent and update.is_open:
            update.percent, update.changed_at = evidence.percent, at
            update.save(update_fields=["percent", "changed_at"])
        return
    FirmwareStep.objects.create(update=update, status=evidence.status, at=at, witness=witness, detail=evidence.detail)
    update.status, update.percent, update.changed_at = evidence.status, evidence.percent, at
    if evidence.status in ENDINGS:
        update.due_at = None
        update.error = evidence.detail if evidence.status == UpdateStatus.FAILED else ""
    update.save(update_fields=["status", "percent", "changed_at", "due_at", "error"])
    log.info("firmware update moved", update=update.pk, device_id=update.device.device_id, status=update.status)


def of_commands(pks: Sequence[UUID]) -> list[tuple[int, int]]:
    """Updates under way that the commands are about, with their campaigns."""
    return list(FirmwareUpdate.objects.open().filter(command__in=pks).values_list("pk", "campaign"))


def of_twin(pk: int) -> list[tuple[int, int]]:
    rows: Any = FirmwareUpdate.objects.open().filter(device__twin=pk, command__isnull=False)
    return list(rows.values_list("pk", "campaign"))
