from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateTimeFilter

from alerts.models import Silence
from devices.admin.filters import ProjectFilter
from devices.admin.page import Page
from devices.admin.scope import ProjectScoped
from devices.permissions import Permission


@admin.register(Silence)
class SilenceAdmin(ProjectScoped, Page):
    """Times in which nobody is told: maintenance, or an alert that everybody knows of."""

    permission = Permission.HANDLE_ALERTS
    list_display = ["reason", "project", "starts_at", "ends_at", "rule", "device", "created_by"]
    list_filter = [("starts_at", RangeDateTimeFilter), ("project", ProjectFilter)]
    list_select_related = ["project", "rule", "device", "created_by"]
    search_fields = ["reason"]
    autocomplete_fields = ["rule", "device"]
    fieldsets = [
        (None, {"fields": ["project", "reason", ("starts_at", "ends_at")]}),
        (
            "Which alerts",
            {
                "fields": [("rule", "device"), ("device_type", "label")],
                "description": "Those that fit all of what is given; of the whole project when nothing is.",
            },
        ),
    ]
    nothing = "No silences"
    nothing_help = "Alerts are told as people have asked for."

    def save_model(self, request: HttpRequest, obj: Silence, form: ModelForm, change: Any) -> None:
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)
