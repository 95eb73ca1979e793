from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.page import EndlessPage
from devices.admin.scope import ForSuperusers, ReadOnly
from devices.admin.words import counted
from devices.wake import start_soon
from telemetry.models import RetentionReceipt
from telemetry.retention import preview

THROWING_AWAY = "There is no way back, but for what is exported first. To keep it, lengthen its retention class before."


@admin.register(RetentionReceipt)
class RetentionReceiptAdmin(ReadOnly, ForSuperusers, EndlessPage):
    """What went for its age, and above it what is due to go."""

    list_display = ["at", "part", "owners_in_words", "row_count", "freed", "exported_to"]
    list_filter = [("at", RangeDateTimeFilter)]
    search_fields = ["part", "whose"]
    fields = ["at", "part", "start", "end", "owners_in_words", "row_count", "freed", "exported_to"]
    readonly_fields = ["owners_in_words", "row_count", "freed"]
    actions_list = ["throw_away_now"]
    list_before_template = "admin/telemetry/due.html"
    nothing = "Nothing was thrown away yet"
    nothing_help = "Readings and rollups go when they are older than their project's retention class wants them kept."

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> TemplateResponse:
        context = {**(extra_context or {}), "due": preview(timezone.now())}
        return super().changelist_view(request, context)

    @action(description="Throw away what is due", icon="auto_delete")
    def throw_away_now(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        due = preview(timezone.now())
        if not due or not is_confirmed(request):
            return confirmation(
                self,
                request,
                [],
                title=f"Throw away {counted(sum(loss.rows for loss in due), 'row')}?",
                text=THROWING_AWAY if due else "Nothing is older than its retention class wants it kept.",
                submit="Throw away",
                is_final=True,
                items=[f"{loss.part}: {loss.rows:,} rows of {loss.whose}" for loss in due],
            )
        start_soon("telemetry.tasks.enforce_retention")
        self.message_user(request, "A worker is at it. Receipts appear here.", messages.SUCCESS)
        return redirect("admin:telemetry_retentionreceipt_changelist")

    @display(description="whose", ordering="whose")
    def owners_in_words(self, receipt: RetentionReceipt) -> str:
        return receipt.whose or "–"

    @display(description="rows", ordering="rows")
    def row_count(self, receipt: RetentionReceipt) -> str:
        return f"{receipt.rows:,}"

    @display(description="disk space that came back", ordering="bytes")
    def freed(self, receipt: RetentionReceipt) -> str:
        return f"{receipt.bytes / 1_048_576:,.1f} MiB" if receipt.bytes else "–"
