from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from devices.admin.cells import cell
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage
from devices.admin.scope import ProjectScoped, ReadOnly, may_manage, runs_platform
from devices.models import Device
from telemetry.admin.quality import WithQuality
from telemetry.models import LedgerHour, RejectionCount


@admin.register(LedgerHour)
class LedgerHourAdmin(ReadOnly, ProjectScoped, WithQuality, EndlessPage):
    list_display = ["hour", "who", "received", "stored", "duplicate", "rejected", "quarantined", "balance"]
    list_filter = [("hour", RangeDateTimeFilter), ("device__project", ProjectFilter)]
    list_select_related = ["device"]
    search_fields = ["sender", "device__name"]
    nothing = "Nothing was received yet"
    nothing_help = "Here every hour of every sender is accounted for, item by item."
    fields = ["hour", "who", "received", "stored", "duplicate", "rejected", "quarantined", "balance", "reasons"]

    @display(description="sender", ordering="sender")
    def who(self, hour: LedgerHour) -> SafeString:
        if not hour.sender:
            return cell("title", title="Unknown devices")
        name = hour.device.name if hour.device else "no longer registered"
        return cell("title", title=hour.sender, detail=name if name != hour.sender else "")

    @display(description="balance")
    def balance(self, hour: LedgerHour) -> SafeString:
        parts = hour.stored + hour.duplicate + hour.rejected + hour.quarantined
        return cell("balance", hour=hour, parts=parts, holds=parts == hour.received)

    @display(description="rejected, by reason")
    def reasons(self, hour: LedgerHour) -> SafeString:
        return cell(
            "reasons", counts=RejectionCount.objects.filter(sender=hour.sender, hour=hour.hour).order_by("-count")
        )


@admin.register(RejectionCount)
class RejectionCountAdmin(ReadOnly, EndlessPage):
    """Counts carry the sender's name, not the device: a project's are those of its devices' names."""

    permission = ProjectScoped.permission
    list_display = ["hour", "who", "reason", "count"]
    list_filter = [("hour", RangeDateTimeFilter), ("reason", ChoicesDropdownFilter)]
    search_fields = ["sender"]
    nothing = "Nothing was rejected"
    fields = ["hour", "who", "reason", "count"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RejectionCount]:
        counts: QuerySet[RejectionCount] = super().get_queryset(request)
        if runs_platform(request):
            return counts
        return counts.filter(sender__in=self._devices(request).values("device_id"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_manage(request, self.permission)

    def has_view_permission(self, request: HttpRequest, obj: RejectionCount | None = None) -> bool:
        if obj is None or runs_platform(request):
            return may_manage(request, self.permission)
        return self._devices(request).filter(device_id=obj.sender).exists()

    def _devices(self, request: HttpRequest) -> QuerySet[Device]:
        return Device.objects.where_user_may(request.user, self.permission)

    @display(description="sender", ordering="sender")
    def who(self, count: RejectionCount) -> str:
        return count.sender or "Unknown devices"
