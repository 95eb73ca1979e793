import json
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display

from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage, Rows
from devices.admin.scope import ProjectScoped, ReadOnly, may_manage
from devices.commands import cancel
from devices.models import Command, CommandStep
from devices.permissions import Permission

TAKING_BACK = "That works while it is queued: nobody has been told of it yet."


class CommandStepInline(ReadOnly, Rows):
    model = CommandStep
    fields = ["at", "status", "witness", "detail", "moved"]
    readonly_fields = ["at", "status", "witness", "detail", "moved"]
    verbose_name = "step"
    verbose_name_plural = "what is known of it"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_manage(request, Permission.SEND_COMMANDS, obj)


@admin.register(Command)
class CommandAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Commands are sent from the list of devices and move by what is heard of them; here they are looked at."""

    permission = Permission.SEND_COMMANDS
    inlines = [CommandStepInline]
    list_display = ["created_at", "title", "device", "state", "changed", "created_by", "attempts"]
    list_display_links = ["created_at", "title"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
        ("device__project", ProjectFilter),
    ]
    list_select_related = ["device", "created_by"]
    search_fields = ["name", "label", "device__name", "device__device_id", "trace_id"]
    actions_detail = ["take_back"]
    fieldsets = [
        (None, {"fields": [("title", "state"), ("device", "parameters")]}),
        ("How it ended", {"fields": ["outcome", "reason"]}),
        (
            "Record",
            {"fields": [("created_at", "created_by"), ("expires_at", "answer_due_at"), ("attempts", "trace_id")]},
        ),
    ]
    readonly_fields = ["title", "state", "parameters", "outcome"]
    nothing = "No commands yet"
    nothing_help = "Choose devices in their list and “Send a command”, or use a device's page."

    def has_send_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, self.permission)

    @display(description="command", ordering="label")
    def title(self, command: Command) -> SafeString:
        return cell("title", title=command.label, detail=_in_words(command.params))

    @display(description="status", ordering="status")
    def state(self, command: Command) -> SafeString:
        return cell("command_status", command=command)

    @display(description="changed", ordering="changed_at")
    def changed(self, command: Command) -> SafeString:
        return cell("age", moment=command.changed_at, detail=command.reason)

    @display(description="parameters")
    def parameters(self, command: Command) -> str:
        return _in_words(command.params) or "–"

    @display(description="result")
    def outcome(self, command: Command) -> str:
        return "–" if command.result is None else json.dumps(command.result, ensure_ascii=False)

    @action(description="Take back", icon="undo", permissions=["send"])
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        command = self.get_object(request, object_id)
        if command is None:
            raise Http404
        if not is_confirmed(request):
            return confirmation(self, request, [command], title="Take it back?", text=TAKING_BACK, submit="Take back")
        if cancel(command, request.user):
            self.message_user(request, "The command was taken back.", messages.SUCCESS)
        else:
            command.refresh_from_db()
            text = f"It is too late: the command is {command.get_status_display().lower()}."
            self.message_user(request, text, messages.WARNING)
        return redirect("admin:devices_command_change", object_id)


def _in_words(params: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in params.items())
