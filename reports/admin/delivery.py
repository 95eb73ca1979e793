from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage, Page
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.permissions import Permission
from reports.models import Delivery, Unsubscription

TONES = {"Sent": "success", "Given up": "danger", "Waiting": "info", "Not needed any more": "warning"}


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Who was sent what, and what the mail server answered."""

    permission = Permission.MANAGE_REPORTS
    list_display = ["created_at", "schedule", "slot", "purpose", "address", "state", "attempts", "answer"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
        ("schedule__template__project", ProjectFilter),
    ]
    list_select_related = ["schedule__template", "user"]
    search_fields = ["address", "answer", "schedule__template__name"]
    nothing = "Nothing was sent yet"
    nothing_help = "Schedules send reports when they are due."

    @display(description="state", ordering="status", label=TONES)
    def state(self, delivery: Delivery) -> str:
        return str(delivery.get_status_display())


@admin.register(Unsubscription)
class UnsubscriptionAdmin(ProjectScoped, Page):
    """People who want no more of a schedule. Without the row they are sent it again."""

    permission = Permission.MANAGE_REPORTS
    list_display = ["address", "schedule", "at"]
    list_select_related = ["schedule__template"]
    search_fields = ["address", "schedule__template__name"]
    nothing = "Nobody has unsubscribed"
    nothing_help = "Each mail has a link for it."
