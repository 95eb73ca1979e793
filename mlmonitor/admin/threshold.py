from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from devices.admin.filters import ProjectFilter
from devices.admin.history import WithHistory
from devices.admin.scope import ProjectScoped, runs_platform
from devices.permissions import Permission
from mlmonitor.models import MonitorThreshold


@admin.register(MonitorThreshold)
class MonitorThresholdAdmin(ProjectScoped, WithHistory):
    """The most particular one counts: of a feature, of a version, of a model, of all models."""

    permission = Permission.MANAGE_MODELS
    list_display = ["metric", "scope", "medium", "high", "critical", "floor"]
    list_filter = [("metric", ChoicesDropdownFilter), ("model__project", ProjectFilter)]
    list_select_related = ["model", "version__model"]
    search_fields = ["model__name", "feature"]
    autocomplete_fields = ["model", "version"]
    fieldsets = [
        (None, {"fields": ["metric", ("model", "version", "feature")]}),
        ("From when on it is", {"fields": [("medium", "high", "critical"), "floor"]}),
    ]
    nothing = "No thresholds of your own"
    nothing_help = "The portal's own hold: PSI 0.10 / 0.25 / 0.50, and 2 / 5 / 10 points below the baseline."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if runs_platform(request) else rows.exclude(model=None)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "model" in form.base_fields:
            form.base_fields["model"].required = not runs_platform(request)
        return form

    @display(description="of")
    def scope(self, threshold: MonitorThreshold) -> str:
        parts = (threshold.model, threshold.version and threshold.version.name, threshold.feature)
        return " · ".join(str(part) for part in parts if part) or "all models"
