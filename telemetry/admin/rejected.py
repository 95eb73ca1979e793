import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.filters import ProjectFilter
from devices.admin.page import Page
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.admin.words import counted
from telemetry.models import RejectedMessage
from telemetry.models.rejected import RejectedMessageQuerySet
from telemetry.readmit import Readmitted, take_again
from telemetry.reasons import Reason
from telemetry.rejected import drop

AT_ONCE = 10_000
TAKING = (
    "They are looked at anew, as of when they came, with the types and limits that hold by now. What was stored of "
    "them already is not stored twice, and what is rejected again is kept again."
)
DROPPING = "Their bodies are deleted and cannot be taken in again. The ledger goes on counting what was rejected."


class ReasonFilter(DropdownFilter):
    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return Reason.choices

    def queryset(self, request: HttpRequest, messages: RejectedMessageQuerySet) -> RejectedMessageQuerySet:
        wanted = self.value()
        return messages.because_of(wanted) if wanted in Reason else messages


@admin.register(RejectedMessage)
class RejectedMessageAdmin(ReadOnly, ProjectScoped, Page):
    """What could not be taken, and why; it may be taken in again once the cause is mended."""

    list_display = ["received", "sender", "why", "says", "door"]
    list_filter = [ReasonFilter, ("door", ChoicesDropdownFilter), ("device__project", ProjectFilter)]
    search_fields = ["sender", "device__name", "items"]
    search_help_text = "Device, metric or detail"
    nothing = "Nothing was rejected"
    nothing_help = "Messages of which something could not be taken are kept here for a while, with the reason."
    actions = ["take_selected_again", "drop_selected"]
    actions_detail = ["take_again", "drop"]
    fields = ["received_at", "sender", "device", "door", "problems", "body_text"]
    readonly_fields = ["problems", "body_text"]

    @display(description="received", ordering="received_at")
    def received(self, message: RejectedMessage) -> SafeString:
        return cell("age", moment=message.received_at)

    @display(description="what was wrong")
    def why(self, message: RejectedMessage) -> SafeString:
        return cell("problems", problems=message.problems)

    @display(description="what was wrong")
    def problems(self, message: RejectedMessage) -> SafeString:
        return cell("problem_table", problems=message.problems)

    @display(description="message")
    def says(self, message: RejectedMessage) -> SafeString:
        return cell("body", text=bytes(message.body[:80]).decode("utf-8", "replace"), inline=True)

    @display(description="message")
    def body_text(self, message: RejectedMessage) -> SafeString:
        note = "" if message.is_whole else "Only its beginning was kept: it cannot be taken in again."
        return cell("body", text=_readable(bytes(message.body)), note=note)

    @action(description="Take in again", icon="replay", variant=ActionVariant.PRIMARY)
    def take_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._take_again(request, self._one(request, object_id))

    @action(description="Drop", icon="delete")
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._drop(request, self._one(request, object_id))

    @action(description="Take in again: the cause is mended")
    def take_selected_again(self, request: HttpRequest, chosen: QuerySet[RejectedMessage]) -> HttpResponse:
        return self._take_again(request, chosen)

    @action(description="Drop: delete what was sent")
    def drop_selected(self, request: HttpRequest, chosen: QuerySet[RejectedMessage]) -> HttpResponse:
        return self._drop(request, chosen)

    def _take_again(self, request: HttpRequest, chosen: QuerySet[RejectedMessage]) -> HttpResponse:
        if not is_confirmed(request):
            return confirmation(
                self,
                request,
                chosen.only("sender", "received_at"),
                title="Take them in again?",
                text=TAKING,
                submit="Take in again",
            )
        done = take_again(_oldest_first(chosen))
        self.message_user(request, _report(done), messages.SUCCESS if done.stored else messages.WARNING)
        return redirect("admin:telemetry_rejectedmessage_changelist")

    def _drop(self, request: HttpRequest, chosen: QuerySet[RejectedMessage]) -> HttpResponse:
        if not is_confirmed(request):
            return confirmation(
                self,
                request,
                chosen.only("sender", "received_at"),
                title="Drop them?",
                text=DROPPING,
                submit="Delete the messages",
                is_final=True,
            )
        dropped = drop(RejectedMessage.objects.filter(pk__in=_oldest_first(chosen)))
        self.message_user(request, f"{counted(dropped, 'message')} dropped.", messages.SUCCESS)
        return redirect("admin:telemetry_rejectedmessage_changelist")

    def _one(self, request: HttpRequest, object_id: str) -> QuerySet[RejectedMessage]:
        message = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if message is None:
            raise Http404
        return RejectedMessage.objects.filter(pk=message.pk)


def _oldest_first(chosen: QuerySet[RejectedMessage]) -> list[int]:
    """The keys, so many as are done while somebody waits."""
    return list(chosen.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def _report(done: Readmitted) -> str:
    if not done.messages:
        return "Nothing was taken in: only the beginnings of these messages were kept."
    text = f"{counted(done.messages, 'message')} taken in again: {counted(done.stored, 'reading')} stored"
    if done.duplicate:
        text += f", {done.duplicate} stored before"
    return f"{text}, {done.rejected} still rejected." if done.rejected else f"{text}."


def _readable(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
