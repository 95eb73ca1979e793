from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import StackedInline
from unfold.decorators import display

from devices.admin.cells import cell
from devices.admin.history import WithHistory
from devices.admin.scope import ForSuperusers, may_manage
from devices.models import CommandType, DeviceType, MetricDefinition
from devices.permissions import Permission


class ReadByProjectAdmins(ForSuperusers):
    """Types are shared by all projects: superusers edit them, whoever manages devices may look them up."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_manage(request, Permission.MANAGE_DEVICES)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_manage(request, Permission.MANAGE_DEVICES)


class MetricDefinitionInline(ReadByProjectAdmins, StackedInline):
    model = MetricDefinition
    extra = 0
    collapsible = True
    ordering_field = "position"
    hide_ordering_field = True
    verbose_name = "metric"
    fields = [
        ("key", "label", "unit"),
        ("value_type", "kind", "precision"),
        ("minimum", "maximum", "chart"),
        ("widget", "headline"),
        "position",
    ]


class CommandTypeInline(ReadByProjectAdmins, StackedInline):
    model = CommandType
    extra = 0
    collapsible = True
    ordering_field = "position"
    hide_ordering_field = True
    verbose_name = "command"
    fields = [
        ("name", "label"),
        "description",
        "params_schema",
        ("timeout", "expires_after"),
        ("needs_confirmation", "is_destructive"),
        "position",
    ]


@admin.register(DeviceType)
class DeviceTypeAdmin(ReadByProjectAdmins, WithHistory):
    inlines = [MetricDefinitionInline, CommandTypeInline]
    list_display = ["title", "description", "expected_interval", "metrics", "devices"]
    search_fields = ["name", "slug", "description"]
    fieldsets = [
        (None, {"fields": [("name", "slug"), "description", ("icon", "expected_interval"), "retention_class"]}),
        ("Settings", {"fields": ["settings_schema"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeviceType]:
        types: QuerySet[DeviceType] = super().get_queryset(request)
        return types.annotate(metric_count=Count("metrics", distinct=True))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": ["name"]}

    @display(description="type", ordering="name")
    def title(self, device_type: DeviceType) -> SafeString:
        return cell("title", title=device_type.name, detail=device_type.slug, icon=device_type.icon)

    @display(description="metrics", ordering="metric_count")
    def metrics(self, device_type: Any) -> int:
        return device_type.metric_count

    @display(description="devices")
    def devices(self, device_type: DeviceType) -> SafeString:
        url = reverse("admin:devices_device_changelist")
        return format_html('<a href="{}?device_type__id__exact={}">Show</a>', url, device_type.pk)
