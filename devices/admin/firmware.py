from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage, Page, Rows
from devices.admin.scope import ProjectScoped, ReadOnly, may_manage
from devices.admin.words import counted
from devices.firmware import rollout
from devices.firmware.form import RolloutForm
from devices.firmware.packages import check_file, remove, take_in
from devices.firmware.targets import Plan
from devices.models import FirmwareCampaign, FirmwarePackage, FirmwareStep, FirmwareUpdate
from devices.permissions import Permission

CANCELLING = "Devices that have not been told yet are left as they are. Those that have been told go on."
RETRYING = "The devices that failed or were cancelled begin again, each in its wave."
WIDGETS: dict[str, Any] = {
    "ChoiceField": UnfoldAdminSelectWidget,
    "IntegerField": UnfoldAdminIntegerFieldWidget,
    "CharField": UnfoldAdminTextInputWidget,
}


class PackageForm(ModelForm):
    class Meta:
        model = FirmwarePackage
        fields = ["project", "device_type", "version", "file", "notes"]
        widgets = {"file": UnfoldAdminFileFieldWidget, "notes": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        try:
            check_file(file)
        except ValidationError as error:
            raise ValidationError(error.messages) from error
        return file


class AdminRolloutForm(RolloutForm):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        for field in self.fields.values():
            if not field.widget.is_hidden:
                widget = WIDGETS[type(field).__name__](attrs=field.widget.attrs)
                widget.choices, widget.is_required = getattr(field, "choices", ()), field.required
                field.widget = widget


@admin.register(FirmwarePackage)
class FirmwarePackageAdmin(ProjectScoped, Page):
    """Packages are uploaded and removed, never changed: a device that has one knows it by its hash."""

    permission = Permission.MANAGE_FIRMWARE
    form = PackageForm
    list_display = ["version", "device_type", "project", "weight", "sha256", "created_at", "created_by"]
    list_filter = [("project", ProjectFilter)]
    list_select_related = ["project", "device_type", "created_by"]
    search_fields = ["version", "notes", "sha256"]
    actions_detail = ["roll_out"]
    readonly_fields = ["weight"]
    fieldsets = [
        (None, {"fields": [("project", "device_type"), "version", "notes"]}),
        ("File", {"fields": ["weight", "sha256", "signature"]}),
        ("Record", {"fields": [("created_at", "created_by")]}),
    ]
    add_fieldsets = [(None, {"fields": [("project", "device_type"), "version", "file", "notes"]})]
    nothing = "No firmware yet"
    nothing_help = "Upload a package for a device type, then roll it out."

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def has_update_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, Permission.UPDATE_FIRMWARE)

    def save_model(self, request: HttpRequest, obj: FirmwarePackage, form: ModelForm, change: bool) -> None:
        obj.__dict__.update(take_in(request.user, **form.cleaned_data).__dict__)

    def delete_model(self, request: HttpRequest, obj: FirmwarePackage) -> None:
        remove(obj, request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FirmwarePackage]) -> None:
        for package in queryset:
            remove(package, request.user)

    @display(description="size", ordering="size")
    def weight(self, package: FirmwarePackage) -> str:
        return filesizeformat(package.size)

    @action(description="Roll out …", icon="rocket_launch", permissions=["update"], variant=ActionVariant.PRIMARY)
    def roll_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        package: Any = self.get_object(request, object_id)
        if package is None or not may_manage(request, Permission.UPDATE_FIRMWARE, package):
            raise Http404
        form: RolloutForm = AdminRolloutForm(request.POST if is_confirmed(request) else None, package, request.user)
        text, submit, items = f"{package}: whom is it for?", "Preview", []
        if form.is_bound and form.is_valid():
            made = form.plan()
            if made.targets and form.was_seen:
                return self._begun(request, form)
            text = f"{counted(len(made.targets), 'device')} would be sent {package}, {len(made.skipped)} skipped."
            submit = f"Begin with {counted(len(made.targets), 'device')}" if made.targets else "Look again"
            items = shown(made)
            form = AdminRolloutForm(form.with_plan_seen(made).data, package, request.user)
        return confirmation(
            self, request, [package], title="Roll out", text=text, submit=submit, form=form, items=items
        )

    def _begun(self, request: HttpRequest, form: RolloutForm) -> HttpResponse:
        try:
            campaign = form.start()
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.WARNING)
            return redirect("admin:devices_firmwarepackage_change", form.package.pk)
        self.message_user(request, "The campaign has begun.", messages.SUCCESS)
        return redirect("admin:devices_firmwarecampaign_change", campaign.pk)


def shown(made: Plan) -> list[str]:
    targets = [
        f"{device.name} ({device.device_id}): {made.versions.get(device.pk) or 'version unknown'}"
        for device in made.targets
    ]
    return targets + [f"Skipped: {each.device_id}. {each.reason.label}." for each in made.skipped]


class FirmwareUpdateInline(ReadOnly, Rows):
    model = FirmwareUpdate
    fields = ["device", "wave", "state", "from_version", "error", "changed_at"]
    readonly_fields = ["state"]
    verbose_name_plural = "devices"
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[FirmwareUpdate]:
        updates: QuerySet[FirmwareUpdate] = super().get_queryset(request)
        return updates.select_related("device", "campaign__package__device_type")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_manage(request, Permission.UPDATE_FIRMWARE, obj)

    @display(description="state")
    def state(self, update: FirmwareUpdate) -> SafeString:
        return cell("firmware_status", update=update)


@admin.register(FirmwareCampaign)
class FirmwareCampaignAdmin(ReadOnly, ProjectScoped, Page):
    """Campaigns are begun on the page of a package and go on by themselves; here they are watched and stopped."""

    permission = Permission.UPDATE_FIRMWARE
    inlines = [FirmwareUpdateInline]
    list_display = ["title", "state", "progress", "wave", "created_at", "created_by"]
    list_filter = [("status", ChoicesDropdownFilter), ("package__project", ProjectFilter)]
    list_select_related = ["package__device_type", "created_by"]
    search_fields = ["target", "package__version"]
    actions_detail = ["pause", "resume", "cancel", "retry"]
    fieldsets = [
        (None, {"fields": [("package", "target"), ("state", "progress"), ("wave", "due_at")]}),
        ("Rules", {"fields": [("plan", "soak"), ("most_failed", "most_failed_percent"), ("timeout", "expires_after")]}),
        ("Record", {"fields": [("created_at", "created_by"), "changed_at"]}),
    ]
    readonly_fields = ["state", "progress", "plan"]
    nothing = "No firmware campaigns yet"
    nothing_help = "Open a firmware package and roll it out."

    def get_queryset(self, request: HttpRequest) -> QuerySet[FirmwareCampaign]:
        campaigns: Any = super().get_queryset(request)
        return campaigns.with_counts()

    def has_control_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, self.permission)

    @display(description="campaign")
    def title(self, campaign: FirmwareCampaign) -> SafeString:
        return cell("title", title=str(campaign.package), detail=campaign.target)

    @display(description="status", ordering="status")
    def state(self, campaign: FirmwareCampaign) -> SafeString:
        return cell("firmware_status", update=campaign)

    @display(description="progress")
    def progress(self, campaign: FirmwareCampaign) -> SafeString:
        return cell("firmware_progress", campaign=campaign)

    @display(description="waves")
    def plan(self, campaign: FirmwareCampaign) -> str:
        return ", ".join(campaign.waves)

    @action(description="Pause", icon="pause", permissions=["control"])
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        campaign = self._of(request, object_id)
        return self._done(request, campaign, rollout.pause(campaign.pk, request.user), "No further wave begins.")

    @action(description="Go on", icon="play_arrow", permissions=["control"])
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        campaign = self._of(request, object_id)
        return self._done(request, campaign, rollout.resume(campaign.pk, request.user), "It goes on.")

    @action(description="Cancel", icon="block", permissions=["control"], variant=ActionVariant.DANGER)
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        campaign = self._of(request, object_id)
        if not is_confirmed(request):
            return confirmation(
                self, request, [campaign], title="Cancel it?", text=CANCELLING, submit="Cancel it", is_final=True
            )
        return self._done(request, campaign, rollout.cancel(campaign.pk, request.user), "It is cancelled.")

    @action(description="Retry what failed", icon="replay", permissions=["control"])
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        campaign = self._of(request, object_id)
        if not is_confirmed(request):
            return confirmation(self, request, [campaign], title="Retry?", text=RETRYING, submit="Retry")
        again = rollout.retry(campaign.pk, request.user)
        return self._done(request, campaign, bool(again), f"{counted(again, 'device')} begin again.")

    def _of(self, request: HttpRequest, object_id: str) -> Any:
        campaign = self.get_object(request, object_id)
        if campaign is None or not may_manage(request, self.permission, campaign):
            raise Http404
        return campaign

    def _done(self, request: HttpRequest, campaign: FirmwareCampaign, is_done: bool, text: str) -> HttpResponse:
        campaign.refresh_from_db()
        if is_done:
            self.message_user(request, text, messages.SUCCESS)
        else:
            words = campaign.get_status_display().partition(":")[0].lower()
            self.message_user(request, f"Nothing to do: the campaign is {words}.", messages.WARNING)
        return redirect("admin:devices_firmwarecampaign_change", campaign.pk)


class FirmwareStepInline(ReadOnly, Rows):
    model = FirmwareStep
    fields = ["at", "status", "witness", "detail"]
    readonly_fields = ["at", "status", "witness", "detail"]
    verbose_name = "step"
    verbose_name_plural = "what is known of it"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_manage(request, Permission.UPDATE_FIRMWARE, obj)


@admin.register(FirmwareUpdate)
class FirmwareUpdateAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """What becomes of campaigns on each device."""

    permission = Permission.UPDATE_FIRMWARE
    inlines = [FirmwareStepInline]
    list_display = ["device", "version", "state", "wave", "error", "changed_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("device__project", ProjectFilter)]
    list_select_related = ["device", "campaign__package__device_type"]
    search_fields = ["device__name", "device__device_id"]
    fieldsets = [
        (None, {"fields": [("device", "version"), ("campaign", "wave"), ("state", "error")]}),
        ("Record", {"fields": [("from_version", "command"), ("created_at", "changed_at"), "due_at"]}),
    ]
    readonly_fields = ["version", "state"]
    nothing = "No device was updated yet"
    nothing_help = "Open a firmware package and roll it out."

    @display(description="version")
    def version(self, update: FirmwareUpdate) -> str:
        return update.campaign.package.version

    @display(description="state", ordering="status")
    def state(self, update: FirmwareUpdate) -> SafeString:
        return cell("firmware_status", update=update)
