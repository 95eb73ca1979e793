from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from devices.admin.filters import ProjectFilter
from devices.admin.page import Page
from devices.admin.scope import ProjectScoped, may_manage
from devices.admin.words import counted
from devices.permissions import Permission
from iotsphere.boards.change import change as change_dashboard
from iotsphere.boards.change import delete, restore
from iotsphere.models import Dashboard


class DeletedFilter(DropdownFilter):
    title = "deleted"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Deleted, to be brought back"), ("no", "There")]

    def queryset(self, request: HttpRequest, dashboards: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return dashboards.filter(deleted_at__isnull=wanted == "no") if wanted in {"yes", "no"} else dashboards


@admin.register(Dashboard)
class DashboardAdmin(ProjectScoped, Page):
    """Dashboards of the projects somebody administers. They are arranged on their own pages."""

    permission = Permission.MANAGE_PROJECT
    list_display = ["name", "owner", "project", "widget_count", "changed_at", "deleted_at"]
    list_filter = [DeletedFilter, ("project", ProjectFilter)]
    list_select_related = ["owner", "project"]
    search_fields = ["name", "owner__username", "project__name"]
    actions = ["delete_selected_softly", "restore_selected"]
    fields = ["name", "project", "owner", "widget_count", "version", ("created_at", "changed_at"), "deleted_at"]
    readonly_fields = ["owner", "widget_count", "version", "created_at", "changed_at", "deleted_at"]
    nothing = "No dashboards"
    nothing_help = "People make them on the operator pages, under Dashboards."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of projects: what somebody keeps to themselves is for superusers to see, when it has to be."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows if getattr(request.user, "is_superuser", False) else rows.exclude(project=None)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The usual deletion is for good: here it can be undone."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_manage_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, self.permission)

    def save_model(self, request: HttpRequest, obj: Dashboard, form: ModelForm, change: bool) -> None:
        """As over every other door: whoever has the dashboard open is told that it has changed."""
        if fields := {name: form.cleaned_data[name] for name in form.changed_data}:
            change_dashboard(Dashboard.objects.get(pk=obj.pk), request.user, **fields)

    def delete_model(self, request: HttpRequest, obj: Dashboard) -> None:
        delete(obj, request.user)

    @display(description="widgets")
    def widget_count(self, dashboard: Dashboard) -> int:
        return len(dashboard.widgets)

    @action(description="Delete; they can be brought back for a week", permissions=["manage"])
    def delete_selected_softly(self, request: HttpRequest, dashboards: QuerySet[Dashboard]) -> None:
        rows = list(dashboards.filter(deleted_at=None))
        for dashboard in rows:
            delete(dashboard, request.user)
        self.message_user(request, f"{counted(len(rows), 'dashboard')} deleted.")

    @action(description="Bring back", permissions=["manage"])
    def restore_selected(self, request: HttpRequest, dashboards: QuerySet[Dashboard]) -> None:
        rows = list(dashboards.exclude(deleted_at=None))
        for dashboard in rows:
            restore(dashboard, request.user)
        self.message_user(request, f"{counted(len(rows), 'dashboard')} brought back.")
