from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from devices.admin.cells import cell
from devices.admin.device_type import ReadByProjectAdmins
from devices.admin.filters import ProjectFilter
from devices.admin.history import WithHistory
from devices.admin.page import EndlessPage
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.permissions import Permission
from mlmonitor.models import Forecast, HealthIndicator, ServiceRecord

URGENCIES = {"Now": "danger", "Within 7 days": "warning", "Within 30 days": "info"}


@admin.register(HealthIndicator)
class HealthIndicatorAdmin(ReadByProjectAdmins, WithHistory):
    """What wears, and from where on something has to be done: of all devices of a type."""

    list_display = ["label", "device_type", "measure", "threshold", "unit", "is_enabled"]
    list_filter = [("device_type", RelatedDropdownFilter), ("measure", ChoicesDropdownFilter), "is_enabled"]
    list_select_related = ["device_type"]
    search_fields = ["label", "key", "action", "device_type__name"]
    autocomplete_fields = ["device_type"]
    fieldsets = [
        (None, {"fields": ["device_type", ("label", "key"), ("unit", "precision"), "position", "is_enabled"]}),
        ("What is looked at", {"fields": [("measure", "metric_key")]}),
        ("What it means", {"fields": [("threshold", "falls"), "action"]}),
    ]


@admin.register(Forecast)
class ForecastAdmin(ReadOnly, ProjectScoped, EndlessPage):
    permission = Permission.SERVICE_DEVICES
    list_display = ["device", "indicator", "what", "due", "value", "median", "made_at"]
    list_filter = [
        ("urgency", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("indicator", RelatedDropdownFilter),
        ("device__project", ProjectFilter),
    ]
    list_select_related = ["device", "indicator"]
    search_fields = ["device__device_id", "device__name", "indicator__label"]
    exclude = ["points"]
    nothing = "No forecasts yet"
    nothing_help = "They are made every hour of what devices have sent, where their type has health indicators."

    @display(description="state", ordering="state")
    def what(self, forecast: Forecast) -> str:
        return str(forecast.get_state_display())

    @display(description="urgency", ordering="urgency", label=URGENCIES)
    def due(self, forecast: Forecast) -> str:
        return str(forecast.get_urgency_display())


@admin.register(ServiceRecord)
class ServiceRecordAdmin(ProjectScoped, EndlessPage):
    """Recorded on the device's page, where forecasts begin anew with it; here it can be looked up and corrected."""

    permission = Permission.SERVICE_DEVICES
    list_display = ["done", "device", "indicator", "note", "by"]
    list_filter = [("indicator", RelatedDropdownFilter), ("device__project", ProjectFilter)]
    list_select_related = ["device", "indicator", "by"]
    search_fields = ["device__device_id", "device__name", "note"]
    fields = ["device", "indicator", "done_at", "note", "by"]
    readonly_fields = ["device", "indicator", "by"]
    nothing = "Nothing has been recorded"
    nothing_help = "Services are recorded on the Predictions tab of a device."

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    @display(description="done", ordering="done_at")
    def done(self, service: ServiceRecord) -> str:
        return cell("age", moment=service.done_at)
