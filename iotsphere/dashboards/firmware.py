"""Firmware for operators: packages, campaigns with their waves, and what they do on each device."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from devices.firmware import rollout
from devices.firmware.form import RolloutForm
from devices.firmware.states import Reported, UpdateStatus, read_reported
from devices.models import (
    CampaignStatus,
    Device,
    FirmwareCampaign,
    FirmwarePackage,
    FirmwareStep,
    FirmwareUpdate,
    Project,
    Twin,
)
from devices.permissions import AnyUser, Permission, may

CAMPAIGNS_AT_ONCE = 20
PACKAGES_SHOWN = 20
DEVICES_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Wave:
    number: int
    updates: list[FirmwareUpdate]

    @property
    def updated(self) -> int:
        return sum(update.status == UpdateStatus.UPDATED for update in self.updates)


@dataclass(frozen=True, slots=True)
class Verb:
    """What can be done to a campaign, and what people are asked and told of it."""

    name: str
    label: str
    icon: str
    done: str
    possible_while: tuple[CampaignStatus, ...]
    run: Callable[[int, AnyUser], object]
    question: str = ""
    is_destructive: bool = False


RUNNING, PAUSED = CampaignStatus.RUNNING, CampaignStatus.PAUSED
VERBS = (
    Verb("pause", "Pause", "pause", "No further wave begins.", (RUNNING,), rollout.pause),
    Verb("resume", "Go on", "play", "It goes on.", (PAUSED,), rollout.resume),
    Verb(
        "retry", "Retry what failed", "rotate-ccw", "They begin again.", tuple(CampaignStatus), rollout.retry,
        question="The devices that failed or were cancelled begin again, each in its wave.",
    ),
    Verb(
        "cancel", "Cancel", "ban", "It is cancelled.", (RUNNING, PAUSED), rollout.cancel,
        question="Devices that have not been told yet are left as they are. Those that have been told go on.",
        is_destructive=True,
    ),
)  # fmt: skip


class DeviceFirmware:
    """What one device says of its firmware, and the newest update of it."""

    def __init__(self, device: Device, twin: Twin) -> None:
        self.reported: Reported = read_reported(twin.reported.get("firmware"))
        self._device = device

    @cached_property
    def update(self) -> FirmwareUpdate | None:
        updates = self._device.firmware_updates.select_related("campaign__package")
        return updates.order_by("-created_at", "-pk").first()

    def __bool__(self) -> bool:
        return bool(self.reported.version) or self.update is not None

    @property
    def live(self) -> dict[str, str]:
        """What the page's script needs to know: statuses in words."""
        return {status.value: status.label for status in UpdateStatus}


@require_safe
@login_required
@never_cache
def firmware(request: HttpRequest) -> HttpResponse:
    campaigns = FirmwareCampaign.objects.visible_to(request.user).with_counts()
    related = campaigns.select_related("package__device_type", "package__project", "created_by")
    newest = related.order_by("-created_at", "-pk")
    packages = FirmwarePackage.objects.visible_to(request.user).select_related("device_type", "project")
    may_update = Project.objects.where_user_may(request.user, Permission.UPDATE_FIRMWARE)
    context = {
        "page": Paginator(newest, CAMPAIGNS_AT_ONCE).get_page(request.GET.get("page")),
        "packages": packages[:PACKAGES_SHOWN],
        "may_update": set(may_update.values_list("pk", flat=True)),
        "may_upload": request.user.is_staff
        and Project.objects.where_user_may(request.user, Permission.MANAGE_FIRMWARE).exists(),
    }
    return render(request, "firmware/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def roll_out(request: HttpRequest, pk: int) -> HttpResponse:
    """A package, and the form that rolls it out: posted once it answers with a preview, then it begins."""
    packages = FirmwarePackage.objects.visible_to(request.user)
    package = get_object_or_404(packages.select_related("device_type", "project", "created_by"), pk=pk)
    may_update = may(request.user, Permission.UPDATE_FIRMWARE, package.project)
    form = RolloutForm(request.POST if request.method == "POST" else None, package, request.user)
    made = None
    if form.is_bound:
        if not may_update:
            raise PermissionDenied(f"You may not {Permission.UPDATE_FIRMWARE.label} in {package.project}.")
        if form.is_valid():
            made = form.plan()
            if made.targets and form.was_seen:
                try:
                    return redirect("firmware-campaign", form.start().pk)
                except ValidationError as error:
                    messages.warning(request, " ".join(error.messages))
            form = form.with_plan_seen(made)
    context = {"package": package, "form": form, "plan": made, "may_update": may_update}
    return render(request, "firmware/roll_out.html", context)


@require_safe
@login_required
@never_cache
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    found = _visible(request, pk)
    steps = Prefetch("steps", FirmwareStep.objects.order_by("pk"))
    updates = found.updates.select_related("device").prefetch_related(steps).order_by("wave", "pk")
    shown = list(updates[:DEVICES_SHOWN])
    may_update = may(request.user, Permission.UPDATE_FIRMWARE, found.package.project)
    context = {
        "campaign": found,
        "waves": [Wave(number, list(group)) for number, group in groupby(shown, key=lambda update: update.wave)],
        "more": found.device_count - len(shown),  # type: ignore[attr-defined]
        "verbs": [verb for verb in VERBS if may_update and _is_possible(verb, found)],
    }
    return render(request, "firmware/campaign.html", context)


@require_POST
@login_required
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One of VERBS, done to a campaign."""
    found = _visible(request, pk)
    if not may(request.user, Permission.UPDATE_FIRMWARE, found.package.project):
        raise PermissionDenied(f"You may not {Permission.UPDATE_FIRMWARE.label} in {found.package.project}.")
    chosen = next((each for each in VERBS if each.name == verb), None)
    if chosen is None:
        raise Http404
    done = chosen.run(found.pk, request.user)
    messages.info(request, chosen.done if done else "Somebody was faster, or there is nothing to do.")
    return redirect("firmware-campaign", found.pk)


def _is_possible(verb: Verb, found: Any) -> bool:
    if verb.name == "retry" and not found.failed_count + found.cancelled_count:
        return False
    return found.status in verb.possible_while


def _visible(request: HttpRequest, pk: int) -> FirmwareCampaign:
    campaigns = FirmwareCampaign.objects.visible_to(request.user).with_counts()
    return get_object_or_404(campaigns.select_related("package__device_type", "package__project", "created_by"), pk=pk)
