from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from devices.admin.page import EndlessPage
from devices.admin.scope import ForSuperusers, ReadOnly
from telemetry.models import RetentionReceipt
from telemetry.retention import preview


@admin.register(RetentionReceipt)
class RetentionReceiptAdmin(ReadOnly, ForSuperusers, EndlessPage):
    """What went for its age, and above it what is due to go."""

    list_display = ["at", "part", "row_count", "freed", "exported_to"]
    list_filter = [("at", RangeDateTimeFilter)]
    search_fields = ["part"]
    list_before_template = "admin/telemetry/due.html"
    nothing = "Nothing was thrown away yet"
    nothing_help = "Readings and rollups go when they are older than their project's retention class wants them kept."

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> TemplateResponse:
        context = {**(extra_context or {}), "due": preview(timezone.now())}
        return super().changelist_view(request, context)

    @display(description="rows", ordering="rows")
    def row_count(self, receipt: RetentionReceipt) -> str:
        return f"{receipt.rows:,}"

    @display(description="disk space that came back", ordering="bytes")
    def freed(self, receipt: RetentionReceipt) -> str:
        return f"{receipt.bytes / 1_048_576:,.1f} MiB" if receipt.bytes else "–"
