from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display

from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.permissions import Permission
from reports import runs
from reports.kinds import KINDS
from reports.models import Run

TONES = {"Done": "success", "Failed": "danger", "Being made": "info", "Waiting": "info", "Cancelled": "warning"}


@admin.register(Run)
class RunAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Reports that were made. A file is thrown away when its time is over; the row stays."""

    permission = Permission.MANAGE_REPORTS
    list_display = ["requested_at", "title", "project", "what", "format", "state", "took", "weight", "requested_by"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("format", ChoicesDropdownFilter),
        ("requested_at", RangeDateTimeFilter),
        ("project", ProjectFilter),
    ]
    list_select_related = ["project", "requested_by"]
    search_fields = ["title", "requested_by__username", "problem"]
    actions = ["cancel_chosen"]
    actions_detail = ["cancel_run", "open_page"]
    fieldsets = [
        (None, {"fields": ["title", ("project", "what"), ("state", "percent"), "problem"]}),
        ("File", {"fields": [("download", "weight"), "sha256", "expires_at"]}),
        ("Of what", {"fields": ["said", "as_of", ("template", "schedule", "slot")]}),
        ("Record", {"fields": [("requested_by", "requested_at"), ("started_at", "finished_at", "took"), "attempts"]}),
    ]
    readonly_fields = ["what", "state", "took", "weight", "download"]
    nothing = "No reports yet"
    nothing_help = "Run one from a template, or on the operators' page."

    def has_cancel_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.has_module_permission(request)

    @admin.action(description="Cancel", permissions=["cancel"])
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        done = sum(runs.cancel(run) for run in queryset)
        self.message_user(request, f"{done} cancelled. The others were over.", messages.INFO)

    @action(description="Cancel", icon="cancel", permissions=["cancel"])
    def cancel_run(self, request: HttpRequest, object_id: str) -> HttpResponse:
        done = runs.cancel(self._found(request, object_id))
        self.message_user(request, "Cancelled." if done else "It was over already.", messages.INFO)
        return redirect("admin:reports_run_change", object_id)

    @action(description="Its page", icon="open_in_new", permissions=["cancel"])
    def open_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(self._found(request, object_id))

    @display(description="kind", ordering="kind")
    def what(self, run: Run) -> str:
        return str(KINDS[run.kind].label) if run.kind in KINDS else run.kind

    @display(description="state", ordering="status", label=TONES)
    def state(self, run: Run) -> str:
        return str(run.get_status_display())

    @display(description="took")
    def took(self, run: Run) -> str:
        return "–" if run.seconds is None else f"{run.seconds:.1f} s"

    @display(description="size", ordering="size")
    def weight(self, run: Run) -> str:
        return "–" if run.size is None else str(filesizeformat(run.size))

    @display(description="file")
    def download(self, run: Run) -> SafeString | str:
        if not run.has_file:
            return "–"
        return format_html('<a href="{}file/">{}</a>', run.get_absolute_url(), run.file_name)

    def _found(self, request: HttpRequest, object_id: str) -> Any:
        run = self.get_object(request, object_id)
        if run is None:
            raise Http404
        return run
