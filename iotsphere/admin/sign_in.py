"""Who signed in, who tried, who is locked out."""

from axes.admin import AccessAttempt, AccessFailureLog, AccessLog
from axes.utils import reset
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from devices.admin.cells import cell
from devices.admin.page import EndlessPage, Page
from devices.admin.scope import ForSuperusers, ReadOnly

admin.site.unregister([AccessAttempt, AccessLog, AccessFailureLog])


class LockedOutFilter(DropdownFilter):
    title = "state"
    parameter_name = "locked"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", "Locked out"), ("no", "Not locked out")]

    def queryset(self, request: HttpRequest, attempts: QuerySet[AccessAttempt]) -> QuerySet[AccessAttempt]:
        locked = {"failures_since_start__gte": settings.AXES_FAILURE_LIMIT}
        match self.value():
            case "yes":
                return attempts.filter(**locked)
            case "no":
                return attempts.exclude(**locked)
        return attempts


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnly, ForSuperusers, Page):
    """Wrong passwords since the last right one. Too many, and the name is locked out from that address for a while."""

    list_display = ["username", "ip_address", "failures_since_start", "state", "attempt_time"]
    list_filter = [LockedOutFilter]
    search_fields = ["username", "ip_address"]
    actions = ["let_in_again"]
    nothing = "Nobody failed to sign in"
    fields = ["username", "ip_address", "failures_since_start", "state", "attempt_time", "user_agent", "path_info"]

    @display(description="state", label={"Locked out": "danger", "Failed": ""})
    def state(self, attempt: AccessAttempt) -> str:
        return "Locked out" if attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT else "Failed"

    @action(description="Reset: let them try again")
    def let_in_again(self, request: HttpRequest, attempts: QuerySet[AccessAttempt]) -> None:
        pairs = set(attempts.values_list("username", "ip_address"))
        for username, address in pairs:
            reset(username=username, ip=address)
        self.message_user(request, f"{len(pairs)} reset; they can try again now.", messages.SUCCESS)


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnly, ForSuperusers, EndlessPage):
    list_display = ["username", "ip_address", "signed_in", "logout_time", "path_info"]
    search_fields = ["username", "ip_address"]
    fields = ["username", "ip_address", "attempt_time", "logout_time", "path_info", "user_agent"]

    @display(description="signed in", ordering="attempt_time")
    def signed_in(self, entry: AccessLog) -> SafeString:
        return cell("age", moment=entry.attempt_time)
