from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from devices.admin.cells import cell
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage
from devices.admin.scope import ProjectScoped, ReadOnly
from telemetry.models import RejectedItem


@admin.register(RejectedItem)
class RejectedItemAdmin(ReadOnly, ProjectScoped, EndlessPage):
    list_display = ["received", "sender", "reason", "key", "detail", "door"]
    list_filter = [
        ("reason", ChoicesDropdownFilter),
        ("door", ChoicesDropdownFilter),
        ("device__project", ProjectFilter),
    ]
    list_select_related = ["device"]
    search_fields = ["sender", "key", "detail"]
    nothing = "Nothing was rejected"
    nothing_help = "Items that could not be taken are kept here for a while, with the reason."
    fields = ["received_at", "sender", "device", "door", "reason", "key", "detail", "beginning"]

    @display(description="received", ordering="received_at")
    def received(self, item: RejectedItem) -> SafeString:
        return cell("age", moment=item.received_at)

    @display(description="beginning of the message")
    def beginning(self, item: RejectedItem) -> SafeString:
        return cell("body", text=item.excerpt)
