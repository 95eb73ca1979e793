from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from devices.admin.cells import cell
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage
from devices.admin.scope import ProjectScoped
from telemetry.models import Metric, Reading

READINGS_SHOWN = 50


@admin.register(Metric)
class MetricAdmin(ProjectScoped, EndlessPage):
    """A metric appears with its first value. How it is called may be changed; what it has measured may not."""

    list_display = ["title", "device", "latest_value", "heard", "value_type", "kind"]
    list_filter = [
        ("device__project", ProjectFilter),
        ("value_type", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
    ]
    list_select_related = ["device"]
    search_fields = ["key", "label", "device__name", "device__device_id"]
    nothing = "No metrics yet"
    nothing_help = "They appear by themselves when devices send."
    actions_detail = ["show_charts"]
    actions_row = ["show_charts"]
    readonly_fields = ["device", "key", "value_type", "latest_value", "last_time", "readings"]
    fieldsets = [
        (None, {"fields": [("device", "key"), ("label", "unit"), ("value_type", "kind")]}),
        ("Readings", {"fields": [("latest_value", "last_time"), "readings"]}),
    ]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description="metric", ordering="label")
    def title(self, metric: Metric) -> SafeString:
        return cell("title", title=metric.label, detail=metric.key)

    @display(description="latest value")
    def latest_value(self, metric: Metric) -> SafeString:
        return cell("value", value=metric.latest, unit=metric.unit)

    @display(description="measured", ordering="last_time")
    def heard(self, metric: Metric) -> SafeString:
        return cell("age", moment=metric.last_time)

    @display(description="last readings")
    def readings(self, metric: Metric) -> SafeString:
        newest = Reading.objects.filter(metric=metric).order_by("-time")[:READINGS_SHOWN]
        return cell("readings", metric=metric, readings=newest)

    @action(description="Charts", icon="show_chart")
    def show_charts(self, request: HttpRequest, object_id: str) -> HttpResponse:
        metric = self.get_object(request, object_id)
        if metric is None:
            raise Http404
        return redirect("device-tab", metric.device.device_id, "history")

    def get_deleted_objects(
        self, objs: QuerySet[Metric] | list[Metric], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Figures instead of a list of every reading."""
        readings = Reading.objects.filter(metric__in=[metric.pk for metric in objs]).aggregate(n=Count("time"))["n"]
        return [str(metric) for metric in objs], {"metrics": len(objs), "readings": readings}, set(), []
