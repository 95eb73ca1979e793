import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from devices.admin.cells import cell
from devices.admin.filters import ProjectFilter
from devices.admin.page import Page, Rows
from devices.admin.scope import ProjectScoped, ReadOnly, may_manage
from devices.models import Twin, TwinChange
from devices.models.twin import TwinQuerySet
from devices.permissions import Permission

CHANGES_SHOWN = 50


class PendingFilter(DropdownFilter):
    title = "in step"
    parameter_name = "pending"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "The device owes something"), ("no", "The device is in step")]

    def queryset(self, request: HttpRequest, twins: TwinQuerySet) -> TwinQuerySet:
        match self.value():
            case "yes":
                return twins.exclude(pending_since=None)
            case "no":
                return twins.filter(pending_since=None)
        return twins


class TwinChangeInline(ReadOnly, Rows):
    model = TwinChange
    fields = ["at", "side", "version", "by", "what"]
    readonly_fields = ["at", "side", "version", "by", "what"]
    verbose_name_plural = f"the last {CHANGES_SHOWN} changes"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_manage(request, Permission.EDIT_TWIN, obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        changes = super().get_queryset(request)
        match = request.resolver_match
        if match is None or "object_id" not in match.kwargs:
            return changes
        newest = TwinChange.objects.filter(twin_id=match.kwargs["object_id"]).order_by("-at", "-pk")
        return changes.filter(pk__in=list(newest.values_list("pk", flat=True)[:CHANGES_SHOWN]))

    @display(description="what")
    def what(self, change: TwinChange) -> SafeString:
        return format_html_join(
            ", ", "{}: {} → {}", ((key, _word(step["from"]), _word(step["to"])) for key, step in change.diff.items())
        )


@admin.register(Twin)
class TwinAdmin(ReadOnly, ProjectScoped, Page):
    """What is wanted of devices and what they say of themselves. Settings are changed on the device's page."""

    permission = Permission.EDIT_TWIN
    inlines = [TwinChangeInline]
    list_display = ["device", "version", "owed", "waiting", "reported_ago"]
    list_filter = [PendingFilter, ("device__project", ProjectFilter)]
    list_select_related = ["device"]
    search_fields = ["device__name", "device__device_id"]
    fieldsets = [
        (None, {"fields": ["device", ("wanted", "said"), ("owed", "waiting")]}),
        ("Record", {"fields": [("version", "desired_at"), ("reported_version", "reported_at")]}),
    ]
    readonly_fields = ["wanted", "said", "owed", "waiting"]
    nothing = "No twins yet"
    nothing_help = "A device gets one when somebody sets something or it reports what it is set to."

    @display(description="desired")
    def wanted(self, twin: Twin) -> str:
        return _state(twin.desired)

    @display(description="reported")
    def said(self, twin: Twin) -> str:
        return _state(twin.reported)

    @display(description="owed")
    def owed(self, twin: Twin) -> str:
        return _state(twin.delta)

    @display(description="waiting since", ordering="pending_since")
    def waiting(self, twin: Twin) -> SafeString | str:
        return cell("age", moment=twin.pending_since) if twin.pending_since else "–"

    @display(description="reported", ordering="reported_at")
    def reported_ago(self, twin: Twin) -> SafeString:
        return cell("age", moment=twin.reported_at)


def _state(state: dict[str, Any]) -> str:
    return ", ".join(f"{key}: {_word(value)}" for key, value in state.items()) or "–"


def _word(value: Any) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
