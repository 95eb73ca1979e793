from django.contrib import admin
from django.utils.html import format_html_join
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.models import AuditEntry
from devices.permissions import Permission


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Who did what in the projects one administers."""

    permission = Permission.MANAGE_PROJECT
    list_display = ["at", "actor_name", "action", "subject", "project", "address"]
    list_filter = [("at", RangeDateTimeFilter), ("project", ProjectFilter)]
    list_select_related = ["project"]
    search_fields = ["actor_name", "action", "subject", "trace_id"]
    search_help_text = "Who, what was done (such as credential.issued), or to what"
    fields = ["at", "actor_name", "address", "action", "subject", "project", "details", "trace_id"]
    readonly_fields = ["details"]
    nothing = "Nobody has done anything yet that is noted here"
    nothing_help = "What is noted: credentials issued and revoked, commands sent, messages published by hand."

    @display(description="details")
    def details(self, entry: AuditEntry) -> str:
        return format_html_join(", ", "{}: {}", entry.detail.items()) or "–"
