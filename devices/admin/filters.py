from datetime import timedelta
from typing import Any

from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from devices.models import Lifecycle, Presence, Project
from devices.models.device import DeviceQuerySet


class ProjectFilter(RelatedDropdownFilter):
    """Offers only the projects that the person administers."""

    def field_choices(self, field: Field, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[Any, str]]:
        projects = Project.objects.where_user_may(request.user, model_admin.permission)
        return [(project.pk, str(project)) for project in projects]


class PresenceFilter(DropdownFilter):
    title = "presence"
    parameter_name = "presence"
    broken = "broken"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(self.broken, "Stale or offline"), *Presence.choices]

    def queryset(self, request: HttpRequest, devices: DeviceQuerySet) -> QuerySet[Any]:
        wanted = self.value()
        if wanted == self.broken:
            return devices.broken()
        return devices.filter(presence=wanted) if wanted else devices


class LifecycleFilter(DropdownFilter):
    """Archived devices are out of the way until somebody asks for them."""

    title = "lifecycle"
    parameter_name = "lifecycle"
    all_option = ("", "In service: all but archived")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [*((value, label.partition(":")[0]) for value, label in Lifecycle.choices), ("all", "All")]

    def queryset(self, request: HttpRequest, devices: DeviceQuerySet) -> QuerySet[Any]:
        wanted = self.value()
        if wanted in Lifecycle.values:
            return devices.filter(lifecycle=wanted)
        return devices if wanted == "all" else devices.in_service()


class SilentForFilter(DropdownFilter):
    title = "silence"
    parameter_name = "silent"
    spans = {
        "10m": ("10 minutes or more", timedelta(minutes=10)),
        "1h": ("An hour or more", timedelta(hours=1)),
        "1d": ("A day or more", timedelta(days=1)),
        "7d": ("A week or more", timedelta(days=7)),
    }
    never = "never"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [*((name, label) for name, (label, _) in self.spans.items()), (self.never, "Never sent anything")]

    def queryset(self, request: HttpRequest, devices: DeviceQuerySet) -> QuerySet[Any]:
        wanted = self.value()
        if wanted == self.never:
            return devices.filter(last_message=None)
        if wanted in self.spans:
            return devices.filter(last_message__lte=timezone.now() - self.spans[wanted][1])
        return devices
