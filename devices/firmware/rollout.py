"""Campaigns: begin one, move it from wave to wave, stop it when too many devices fail.

Whoever hears of a device looks at its update at once; what got lost on the way is found by beat (`work_off`). When the
next wave begins is a time in the campaign's row. Whoever moves a campaign has locked its row, so that any number of
workers may try; locks go from the campaign to its updates to their commands.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.dispatch import receiver
from django.utils import timezone

from devices import commands
from devices.audit import record
from devices.firmware import progress
from devices.firmware.states import OPEN, Evidence, UpdateStatus
from devices.firmware.targets import Skipped, plan, running_versions
from devices.firmware.waves import checked_waves, is_too_bad, sizes
from devices.models import (
    CampaignStatus,
    CommandType,
    Device,
    FirmwareCampaign,
    FirmwarePackage,
    FirmwareStep,
    FirmwareUpdate,
    Lifecycle,
    TwinChange,
    Witness,
)
from devices.models.command import UPDATE_FIRMWARE
from devices.permissions import AnyUser
from devices.signals import commands_changed, twin_changed

log = structlog.get_logger(__name__)

DEFAULT_WAVES = ("1", "10%", "rest")
NOBODY = "No device would be sent it."
OUT_OF_SERVICE = "When its turn came, it was not in service, or of another type or project."
RUNS_IT = "It runs this version already."
ABORTED = "The campaign was aborted: too many devices failed."
CANCELLED = "The campaign was cancelled."


@dataclass(frozen=True, slots=True)
class Rules:
    """How a campaign goes about it."""

    waves: Sequence[str] = DEFAULT_WAVES
    soak: timedelta = timedelta(minutes=10)
    most_failed: int | None = None
    most_failed_percent: int | None = 10
    timeout: timedelta = timedelta(hours=1)
    expires_after: timedelta = timedelta(days=1)


@transaction.atomic
def start(
    by: "AnyUser | None", package: FirmwarePackage, target: str, devices: Iterable[Device], rules: Rules
) -> tuple[FirmwareCampaign, list[Skipped]]:
    """Begin a campaign for the devices that can be sent the package. Raises ValidationError if none can.

    `target` says in words who the devices are.
    """
    made = plan(by, package, _locked_devices(devices))
    if not made.targets:
        reasons = [f"{each.device_id}: {each.reason.label}." for each in made.skipped[:5]]
        raise ValidationError(" ".join([NOBODY, *reasons]))
    campaign = FirmwareCampaign(
        package=package,
        target=target,
        waves=_waves(rules.waves),
        soak=rules.soak,
        most_failed=rules.most_failed,
        most_failed_percent=rules.most_failed_percent,
        timeout=rules.timeout,
        expires_after=rules.expires_after,
        created_by_id=by.pk if by else None,
    )
    campaign.clean_fields(exclude=["package", "due_at", "created_by"])
    campaign.save()
    wave_of = (wave for wave, size in enumerate(sizes(campaign.waves, len(made.targets)), 1) for _ in range(size))
    updates = FirmwareUpdate.objects.bulk_create(
        FirmwareUpdate(
            campaign=campaign, device=device, wave=wave, from_version=made.versions.get(device.pk, ""),
        )
        for device, wave in zip(made.targets, wave_of, strict=True)
    )  # fmt: skip
    witness, who = (Witness.PORTAL, "") if by is None else (Witness.PERSON, by.get_username())
    FirmwareStep.objects.bulk_create(
        FirmwareStep(update=update, status=UpdateStatus.QUEUED, witness=witness, detail=who) for update in updates
    )
    _record(by, "started", campaign, devices=len(updates), waves=campaign.waves)
    _begin(campaign, 1)
    return campaign, made.skipped


def pause(pk: int, by: AnyUser) -> bool:
    """Let no further wave begin. Devices that have been told go on. False if it is not running."""
    with transaction.atomic():
        campaign = _locked(pk)
        if campaign.status != CampaignStatus.RUNNING:
            return False
        _become(campaign, CampaignStatus.PAUSED)
        _record(by, "paused", campaign)
    return True


def resume(pk: int, by: AnyUser) -> bool:
    """Go on. What happened meanwhile counts, and what has soaked long enough need not do so again."""
    with transaction.atomic():
        campaign = _locked(pk)
        if campaign.status != CampaignStatus.PAUSED:
            return False
        _become(campaign, CampaignStatus.RUNNING)
        _record(by, "resumed", campaign)
    settle(pk)
    return True


def cancel(pk: int, by: AnyUser) -> bool:
    """Stop for good. Devices that have been told go on; nobody can promise that they do not. False if it is over."""
    with transaction.atomic():
        campaign = _locked(pk)
        if campaign.is_over:
            return False
        _become(campaign, CampaignStatus.CANCELLED)
        _take_back(campaign, CANCELLED, by)
        _record(by, "cancelled", campaign)
    return True


def retry(pk: int, by: AnyUser) -> int:
    """Have those that failed or were cancelled begin again, each in its wave; how many they are.

    Devices that are not there to be updated, or are being updated by another campaign, are left as they are.
    """
    with transaction.atomic():
        campaign = _locked(pk)
        missed = _missed(campaign)
        if not missed:
            return 0
        now = timezone.now()
        for update in missed:
            update.status, update.changed_at = UpdateStatus.QUEUED, now
            update.command, update.due_at, update.percent, update.error = None, None, None, ""
        FirmwareUpdate.objects.bulk_update(
            missed, ["status", "changed_at", "command", "due_at", "percent", "error"], batch_size=500
        )
        FirmwareStep.objects.bulk_create(
            FirmwareStep(update=update, status=UpdateStatus.QUEUED, witness=Witness.PERSON, detail=by.get_username())
            for update in missed
        )
        campaign.due_at = None  # the wave soaks anew
        _become(campaign, CampaignStatus.RUNNING)
        _record(by, "retried", campaign, devices=len(missed))
        _tell(campaign, [update for update in missed if update.wave <= campaign.wave])
    settle(pk)
    return len(missed)


def settle(pk: int, now: datetime | None = None) -> None:
    """Move a running campaign on if it is time: abort it, begin its next wave, or end it."""
    now = now or timezone.now()
    with transaction.atomic():
        campaign = FirmwareCampaign.objects.select_for_update().filter(pk=pk, status=CampaignStatus.RUNNING).first()
        if campaign is None:
            return
        begun = Counter(campaign.updates.filter(wave__lte=campaign.wave).values_list("status", flat=True))
        if is_too_bad(begun[UpdateStatus.FAILED], begun.total(), campaign.most_failed, campaign.most_failed_percent):
            _become(campaign, CampaignStatus.ABORTED)
            _take_back(campaign, ABORTED, None)
            _record(None, "aborted", campaign, failed=begun[UpdateStatus.FAILED])
        elif any(begun[status] for status in OPEN):
            return
        elif not campaign.updates.filter(wave__gt=campaign.wave, status=UpdateStatus.QUEUED).exists():
            _become(campaign, CampaignStatus.FINISHED)
            _record(None, "finished", campaign, **begun)
        elif campaign.due_at is None:
            campaign.due_at = now + campaign.soak
            campaign.save(update_fields=["due_at"])
        if campaign.due_at is not None and campaign.due_at <= now and campaign.status == CampaignStatus.RUNNING:
            _begin(campaign, campaign.wave + 1)


def work_off(now: datetime | None = None) -> int:
    """Look at every update about which there is news, and move every running campaign on: how many updates."""
    now = now or timezone.now()
    found = list(progress.with_news(now).values_list("pk", flat=True))
    for pk in found:
        progress.look(pk, now)
    for pk in FirmwareCampaign.objects.filter(status=CampaignStatus.RUNNING).values_list("pk", flat=True):
        settle(pk, now)
    return len(found)


@receiver(commands_changed)
def follow_commands(pks: Sequence[UUID], **_: Any) -> None:
    _follow(progress.of_commands(pks))


@receiver(twin_changed)
def follow_twin(pk: int, **_: Any) -> None:
    _follow(progress.of_twin(pk))


def _follow(updates: Iterable[tuple[int, int]]) -> None:
    for pk, campaign in updates:
        looked_at = progress.look(pk)
        if looked_at is not None and not looked_at.is_open:
            settle(campaign)


def _begin(campaign: FirmwareCampaign, wave: int) -> None:
    campaign.wave, campaign.due_at = wave, None
    campaign.save(update_fields=["wave", "due_at"])
    waiting = campaign.updates.filter(wave=wave, status=UpdateStatus.QUEUED)
    _tell(campaign, list(waiting.select_for_update(of=("self",)).order_by("pk")))
    log.info("firmware wave begins", campaign=campaign.pk, wave=wave)


def _tell(campaign: FirmwareCampaign, updates: Sequence[FirmwareUpdate]) -> None:
    """Send the devices of queued updates, which are locked, the command."""
    package, now = campaign.package, timezone.now()
    devices = Device.objects.select_related("project").in_bulk([update.device_id for update in updates])
    versions = running_versions(devices.values())
    told = []
    for update in updates:
        update.device = devices[update.device_id]
        if not _is_for(package, update.device):
            progress.note(update, Evidence(UpdateStatus.CANCELLED, OUT_OF_SERVICE), Witness.PORTAL, now)
        elif versions.get(update.device_id) == package.version:
            progress.note(update, Evidence(UpdateStatus.UPDATED, RUNS_IT), Witness.DEVICE, now)
        else:
            told.append(update)
    command_type = CommandType(
        name=UPDATE_FIRMWARE,
        label=f"Update to {package.version}",
        timeout=campaign.timeout,
        expires_after=campaign.expires_after,
    )
    params = {
        "version": package.version,
        "size": package.size,
        "sha256": package.sha256,
        "signature": package.signature,
    }
    sent = commands.queue(campaign.created_by, [(update.device, command_type) for update in told], params)
    changes = TwinChange.objects.filter(twin__device__in=[update.device_id for update in told]).order_by()
    newest = dict(changes.values_list("twin__device").annotate(Max("pk")))
    for update, command in zip(told, sent, strict=True):
        update.command, update.seen = command, newest.get(update.device_id, 0)
    FirmwareUpdate.objects.bulk_update(told, ["command", "seen"], batch_size=500)


def _is_for(package: FirmwarePackage, device: Device) -> bool:
    return (
        device.lifecycle == Lifecycle.ACTIVE
        and device.project_id == package.project_id
        and device.device_type_id == package.device_type_id
    )


def _take_back(campaign: FirmwareCampaign, why: str, by: "AnyUser | None") -> None:
    """Cancel what no device has been told of yet."""
    now = timezone.now()
    witness = Witness.PORTAL if by is None else Witness.PERSON
    queued = campaign.updates.filter(status=UpdateStatus.QUEUED).select_related("command", "device")
    for update in queued.select_for_update(of=("self",)).order_by("pk"):
        if update.command is None or commands.cancel(update.command, by) is not None:
            progress.note(update, Evidence(UpdateStatus.CANCELLED, why), witness, now)


def _missed(campaign: FirmwareCampaign) -> list[FirmwareUpdate]:
    missed = campaign.updates.filter(status__in=[UpdateStatus.FAILED, UpdateStatus.CANCELLED])
    updates = list(missed.select_for_update(of=("self",)).order_by("pk"))
    devices = Device.objects.filter(pk__in=[update.device_id for update in updates]).select_related("project")
    can = {device.pk for device in plan(None, campaign.package, _locked_devices(devices)).targets}
    return [update for update in updates if update.device_id in can]


def _become(campaign: FirmwareCampaign, status: CampaignStatus) -> None:
    campaign.status, campaign.changed_at = status, timezone.now()
    if campaign.is_over:
        campaign.due_at = None
    campaign.save(update_fields=["status", "changed_at", "due_at"])


def _record(by: "AnyUser | None", done: str, campaign: FirmwareCampaign, **detail: Any) -> None:
    record(by, f"campaign.{done}", campaign, project=campaign.package.project, campaign=campaign.pk, **detail)


def _locked(pk: int) -> FirmwareCampaign:
    campaigns = FirmwareCampaign.objects.select_related("package__project", "package__device_type", "created_by")
    return campaigns.select_for_update(of=("self",)).get(pk=pk)


def _locked_devices(devices: Iterable[Device]) -> list[Device]:
    """So that two campaigns that begin at once do not both take them."""
    chosen = Device.objects.filter(pk__in=[device.pk for device in devices]).select_related("project", "device_type")
    return list(chosen.select_for_update(of=("self",), no_key=True).order_by("pk"))


def _waves(waves: Sequence[str]) -> list[str]:
    try:
        return checked_waves(waves)
    except ValueError as error:
        raise ValidationError({"waves": str(error)}) from error
