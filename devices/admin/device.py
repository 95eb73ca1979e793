from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Model, QuerySet
from django.forms import ChoiceField, Form, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminRadioSelectWidget

from devices.admin import order
from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.exchange import DESCRIPTION, DeviceExchange
from devices.admin.filters import LifecycleFilter, PresenceFilter, ProjectFilter, SilentForFilter
from devices.admin.history import WithHistory
from devices.admin.into_service import IntoService
from devices.admin.labels import LabelsField
from devices.admin.page import Rows
from devices.admin.place import LatitudeWidget
from devices.admin.scope import ProjectScoped, ReadOnly, may_manage
from devices.admin.words import counted
from devices.commands import send
from devices.models import Credential, Device, Lifecycle
from devices.permissions import Permission
from devices.removal import archive, ask_for_purge


class DeviceForm(ModelForm):
    class Meta:
        model = Device
        fields = DESCRIPTION
        widgets: ClassVar = {"latitude": LatitudeWidget}

    labels = LabelsField()


class RemovalForm(Form):
    KEEP, PURGE = "keep", "purge"

    telemetry = ChoiceField(
        label="And what they have sent?",
        widget=UnfoldAdminRadioSelectWidget,
        choices=[
            (KEEP, "Keep it: they are archived, take nothing in any more, and their history can still be looked at"),
            (PURGE, "Purge it: they go with everything they have sent, for good"),
        ],
    )


class CredentialInline(ReadOnly, ProjectScoped, Rows):
    model = Credential
    permission = Permission.MANAGE_CREDENTIALS
    fields = ["credential", "note", "state", "expires_at", "last_used_at"]
    readonly_fields = ["credential", "note", "state", "expires_at", "last_used_at"]

    @display(description="credential")
    def credential(self, credential: Credential) -> SafeString:
        url = reverse("admin:devices_credential_change", args=[credential.pk])
        return format_html('<a href="{}">{} {}</a>', url, credential.get_kind_display(), credential.public_id)

    @display(description="state")
    def state(self, credential: Credential) -> SafeString:
        return cell("credential_state", credential=credential)


@admin.register(Device)
class DeviceAdmin(ProjectScoped, IntoService, WithHistory, DeviceExchange):
    form = DeviceForm
    inlines = [CredentialInline]
    list_display = ["title", "presence_now", "heard", "latest_values", "device_type", "project", "state"]
    list_filter = [
        PresenceFilter,
        SilentForFilter,
        ("project", ProjectFilter),
        ("device_type", RelatedDropdownFilter),
        LifecycleFilter,
    ]
    list_select_related = ["project", "device_type"]
    search_fields = ["name", "device_id", "hostname", "location", "labels"]
    search_help_text = "Name, device ID, host name, location or label"
    autocomplete_fields = ["parent"]
    actions = ["send_command", "enable", "disable", "archive", "print_claim_codes", "delete_selected"]
    actions_detail = ["issue_credential", "show_series", "show_quality", "replace_hardware", "clone"]
    actions_row = ["issue_credential", "show_series", "show_quality"]
    change_form_before_template = "admin/devices/device/now.html"
    nothing = "No devices yet"
    nothing_help = "Add one here or import a list. A device that nobody registered and that sends waits in quarantine."

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        described = [
            (
                None,
                {
                    "fields": [
                        ("name", "device_id"),
                        ("project", "device_type"),
                        ("parent", "serial_number"),
                        "lifecycle",
                    ]
                },
            ),
            ("Where it is", {"fields": [("hostname", "ip_address"), "location", ("latitude", "longitude"), "labels"]}),
        ]
        return [*described, ("Record", {"fields": [("uuid", "created_at")]})] if obj else described

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["device_id", "uuid", "created_at"] if obj else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        devices: QuerySet[Device] = super().get_queryset(request)
        return devices.prefetch_related("metrics", "device_type__metrics")

    @display(description="device", ordering="name")
    def title(self, device: Device) -> SafeString:
        return cell("title", title=device.name, detail=device.device_id)

    @display(description="presence", ordering="presence")
    def presence_now(self, device: Device) -> SafeString:
        return cell("presence", device=device)

    @display(description="last message", ordering="last_message")
    def heard(self, device: Device) -> SafeString:
        return cell("age", moment=device.last_message)

    @display(description="latest values")
    def latest_values(self, device: Device) -> SafeString:
        return cell("headlines", device=device)

    @display(description="lifecycle", ordering="lifecycle")
    def state(self, device: Device) -> str:
        return Lifecycle(device.lifecycle).label.partition(":")[0]

    @action(description="Issue a credential", icon="key")
    def issue_credential(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(f"{reverse('admin:devices_credential_add')}?device={object_id}")

    @action(description="Metrics", icon="monitoring")
    def show_series(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(f"{reverse('admin:telemetry_metric_changelist')}?device__id__exact={object_id}")

    def has_send_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, Permission.SEND_COMMANDS)

    @action(description="Send a command …", permissions=["send"])
    def send_command(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse:
        chosen = list(devices.prefetch_related(None).select_related("project", "device_type")[: order.MOST])
        form = order.OrderForm(request.POST if is_confirmed(request) else None, chosen)
        text, submit, items = (
            "Choose what they are to do.",
            "Next",
            [f"{each.name} ({each.device_id})" for each in chosen],
        )
        if form.is_answered:
            made = form.plan(request.user)
            if form.was_seen and made.targets:
                return self._sent(request, form)
            form, items = form.with_plan_seen(), list(order.shown(made))
            text = f"{counted(len(made.targets), 'device')} would be sent it, {len(made.skipped)} skipped."
            submit = f"Send to {counted(len(made.targets), 'device')}" if made.targets else "Look again"
        elif not any(name in request.POST for name in form.fields if name.startswith(order.PREFIX)):
            form = form.unanswered()
        return confirmation(
            self, request, chosen, title="Send a command", text=text, submit=submit, form=form, items=items
        )

    def _sent(self, request: HttpRequest, form: order.OrderForm) -> HttpResponse:
        commands, skipped = send(request.user, form.cleaned_data["name"], form.params, form.devices)
        text = f"Queued for {counted(len(commands), 'device')}."
        if skipped:
            text += f" {len(skipped)} skipped: {' '.join(f'{each.device_id}: {each.sentence}' for each in skipped[:5])}"
        self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:devices_command_changelist")

    @action(description="Data quality", icon="fact_check")
    def show_quality(self, request: HttpRequest, object_id: str) -> HttpResponse:
        device = self.get_object(request, object_id)
        if device is None:
            raise Http404
        return redirect("admin:telemetry_device_quality", device.pk)

    @action(description="Enable: take what they send", permissions=["change"])
    def enable(self, request: HttpRequest, devices: QuerySet[Device]) -> None:
        self._set_lifecycle(request, devices, Lifecycle.ACTIVE, "enabled")

    @action(description="Disable: reject what they send", permissions=["change"])
    def disable(self, request: HttpRequest, devices: QuerySet[Device]) -> None:
        self._set_lifecycle(request, devices, Lifecycle.DISABLED, "disabled")

    @action(description="Archive: keep only their history", permissions=["change"])
    def archive(self, request: HttpRequest, devices: QuerySet[Device]) -> None:
        self._set_lifecycle(request, devices, Lifecycle.ARCHIVED, "archived")

    @transaction.atomic
    def _set_lifecycle(self, request: HttpRequest, devices: QuerySet[Device], lifecycle: Lifecycle, done: str) -> None:
        selected = devices.count()
        waiting = devices.prefetch_related(None).exclude(lifecycle=lifecycle).order_by("pk")
        changed = list(waiting.select_for_update(of=("self",)))
        for device in changed:
            device.lifecycle = lifecycle
            device.save(update_fields=["lifecycle"])
            self.log_change(request, device, f"{done.capitalize()}.")
        text = f"{counted(len(changed), 'device')} {done}."
        if same := selected - len(changed):
            text += f" {same} already {'was' if same == 1 else 'were'}."
        self.message_user(request, text, messages.SUCCESS)

    @action(description="Delete …", permissions=["delete"])
    def delete_selected(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse:
        return self._remove(request, devices)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        device = self.get_object(request, object_id)
        if device is None or not self.has_delete_permission(request, device):
            raise Http404
        return self._remove(request, Device.objects.filter(pk=device.pk))

    def _remove(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse:
        """Ask what becomes of what they have sent, and do it."""
        form = RemovalForm(request.POST if is_confirmed(request) else None, initial={"telemetry": RemovalForm.KEEP})
        if form.is_valid():
            return self._removed(request, devices, form.cleaned_data["telemetry"])
        chosen = list(devices.prefetch_related(None))
        return confirmation(
            self,
            request,
            chosen,
            title=f"Delete {counted(len(chosen), 'device')}?",
            text=f"Still kept of what they have sent: {counted(_readings(chosen), 'reading')}.",
            submit="Delete",
            is_final=True,
            form=form,
            items=[f"{device.name} ({device.device_id})" for device in chosen],
        )

    def _removed(self, request: HttpRequest, devices: QuerySet[Device], fate: str) -> HttpResponse:
        if fate == RemovalForm.KEEP:
            text = f"{counted(archive(devices, request.user), 'device')} archived. The filter Lifecycle finds them."
            self.message_user(request, text, messages.SUCCESS)
            return redirect("admin:devices_device_changelist")
        purges = ask_for_purge(devices, request.user)
        text = f"{counted(len(purges), 'device')} will be gone before long. Here you see how far it is."
        self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:devices_purge_changelist")


def _readings(devices: list[Device]) -> int:
    rows = Device.objects.filter(pk__in=[device.pk for device in devices]).order_by()
    return rows.aggregate(n=Count("metrics__readings__time"))["n"]
