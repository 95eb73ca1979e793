from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from devices.admin.cells import cell
from devices.admin.exchange import DESCRIPTION, DeviceExchange
from devices.admin.filters import LifecycleFilter, PresenceFilter, ProjectFilter, SilentForFilter
from devices.admin.history import WithHistory
from devices.admin.labels import LabelsField
from devices.admin.page import Rows
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.admin.words import counted
from devices.models import Credential, Device, Lifecycle
from devices.permissions import Permission


class DeviceForm(ModelForm):
    class Meta:
        model = Device
        fields = DESCRIPTION

    labels = LabelsField()


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
class DeviceAdmin(ProjectScoped, WithHistory, DeviceExchange):
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
    actions = ["enable", "disable", "archive"]
    actions_detail = ["issue_credential", "show_series"]
    actions_row = ["issue_credential", "show_series"]
    change_form_before_template = "admin/devices/device/now.html"
    nothing = "No devices yet"
    nothing_help = "Add one here or import a list. A device that nobody registered and that sends waits in quarantine."

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        described = [
            (None, {"fields": [("name", "device_id"), ("project", "device_type"), "parent", "lifecycle"]}),
            ("Where it is", {"fields": [("hostname", "ip_address"), "location", "labels"]}),
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

    def get_deleted_objects(
        self, objs: Iterable[Device], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Figures instead of a list of everything: a device may have millions of readings."""
        devices = list(objs)
        rows = Device.objects.filter(pk__in=[device.pk for device in devices]).order_by()
        counts = {
            "devices": len(devices),
            "credentials": rows.aggregate(n=Count("credentials"))["n"],
            "metrics": rows.aggregate(n=Count("metrics"))["n"],
            "readings": rows.aggregate(n=Count("metrics__readings__time"))["n"],
        }
        return [f"{device.name} ({device.device_id})" for device in devices], counts, set(), []
