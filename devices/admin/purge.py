from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from devices.admin.cells import cell
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.models import Purge


@admin.register(Purge)
class PurgeAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Devices that go, or went, with everything they have sent."""

    list_display = ["device", "state", "what_went", "project", "asked_by", "asked_at"]
    list_filter = [("asked_at", RangeDateTimeFilter), ("project", ProjectFilter)]
    list_select_related = ["project", "asked_by"]
    search_fields = ["device_id", "name"]
    fields = ["device", "state", "what_went", "project", "asked_by", "asked_at", "finished_at"]
    readonly_fields = ["device", "state", "what_went"]
    nothing = "No device was purged"
    nothing_help = "Who deletes a device chooses what becomes of what it has sent. Purges are listed here, as receipts."

    @display(description="device", ordering="device_id")
    def device(self, purge: Purge) -> SafeString:
        return cell("title", title=purge.name, detail=purge.device_id)

    @display(description="state", ordering="finished_at", label={"Gone": "success", "Going": "info"})
    def state(self, purge: Purge) -> tuple[str, str]:
        return ("Gone", "Gone") if purge.finished_at else ("Going", f"Going: {purge.percent} %")

    @display(description="what went")
    def what_went(self, purge: Purge) -> str:
        return ", ".join(f"{rows:,} {what}" for what, rows in purge.gone.items()) or "–"
