from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Max, Min, Model, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminSelectWidget

from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.page import Page
from devices.admin.scope import ForSuperusers
from devices.admin.words import counted
from devices.models import Device, DeviceType, Project
from telemetry.decode import decode
from telemetry.models import QuarantinedMessage
from telemetry.newcomers import BEGINNING, guess_type
from telemetry.readmit import ignore_senders, register_senders

MESSAGES_SHOWN = 20
REGISTERING = (
    "They become devices of the project you choose, and what they have sent so far is stored. You can change their "
    "names and types later."
)
IGNORING = "The kept messages are deleted. Should a device send again, it is kept here again."


class RegisterForm(forms.Form):
    project = forms.ModelChoiceField(
        Project.objects.all(), widget=UnfoldAdminSelectWidget, empty_label="Choose a project"
    )
    device_type = forms.ModelChoiceField(
        DeviceType.objects.all(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="None: their pages show whatever they send",
    )


class BySender(ChangeList):
    """One row a sender: its newest message, with what is known of all of them."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[QuarantinedMessage]:
        newest = QuarantinedMessage.objects.order_by().values("sender").annotate(newest=Max("pk")).values("newest")
        of_sender = QuarantinedMessage.objects.filter(sender=OuterRef("sender")).order_by().values("sender")
        messages: QuerySet[QuarantinedMessage] = super().get_queryset(request, exclude_parameters)
        return messages.filter(pk__in=newest).annotate(
            messages=Subquery(of_sender.annotate(n=Count("pk")).values("n")),
            first=Subquery(of_sender.annotate(first=Min("received_at")).values("first")),
        )

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count  # in senders; counted anew it would be in messages


@admin.register(QuarantinedMessage)
class QuarantinedMessageAdmin(ForSuperusers, Page):
    """Devices that nobody registered, with what they have sent. They are nobody's yet, so this is for superusers."""

    list_display = ["sender", "message_count", "first_heard", "heard", "door", "says"]
    list_filter = [("door", ChoicesDropdownFilter)]
    list_disable_select_all = True
    search_fields = ["sender"]
    nothing = "No unknown device is waiting"
    nothing_help = "When a device that nobody registered sends, it is kept here until you register or ignore it."
    actions = ["register_selected", "ignore_selected"]
    actions_detail = ["register", "ignore"]
    fields = ["sender", "is_registered", "kept"]
    readonly_fields = ["sender", "is_registered", "kept"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BySender

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description="messages", ordering="messages")
    def message_count(self, message: Any) -> int:
        return message.messages

    @display(description="first heard", ordering="first")
    def first_heard(self, message: Any) -> SafeString:
        return cell("age", moment=message.first)

    @display(description="last heard", ordering="received_at")
    def heard(self, message: QuarantinedMessage) -> SafeString:
        return cell("age", moment=message.received_at)

    @display(description="newest message")
    def says(self, message: QuarantinedMessage) -> SafeString:
        return cell("body", text=Truncator(_text(message)).chars(80), inline=True)

    @display(description="registered", boolean=True)
    def is_registered(self, message: QuarantinedMessage) -> bool:
        return Device.objects.filter(device_id=message.sender).exists()

    @display(description="kept messages")
    def kept(self, message: QuarantinedMessage) -> SafeString:
        newest = QuarantinedMessage.objects.filter(sender=message.sender)[:MESSAGES_SHOWN]
        return cell("messages", messages=[(message, _text(message)) for message in newest])

    @action(description="Register this device", icon="add_circle", variant=ActionVariant.PRIMARY)
    def register(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._register(request, [self._get(request, object_id)])

    @action(description="Ignore", icon="delete")
    def ignore(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ignore(request, [self._get(request, object_id)])

    @action(description="Register these devices")
    def register_selected(self, request: HttpRequest, chosen: QuerySet[QuarantinedMessage]) -> HttpResponse:
        return self._register(request, list(chosen))

    @action(description="Ignore: delete what they sent")
    def ignore_selected(self, request: HttpRequest, chosen: QuerySet[QuarantinedMessage]) -> HttpResponse:
        return self._ignore(request, list(chosen))

    def _register(self, request: HttpRequest, chosen: Sequence[QuarantinedMessage]) -> HttpResponse:
        if is_confirmed(request):
            form = RegisterForm(request.POST)
            if form.is_valid():
                return self._registered(request, chosen, form.cleaned_data["project"], form.cleaned_data["device_type"])
        else:
            form = RegisterForm(initial={"device_type": _guess(chosen)})
        return confirmation(
            self,
            request,
            chosen,
            title="Register this device" if len(chosen) == 1 else f"Register {len(chosen)} devices",
            text=REGISTERING,
            submit="Register",
            form=form,
            items=[message.sender for message in chosen],
        )

    def _registered(
        self,
        request: HttpRequest,
        chosen: Sequence[QuarantinedMessage],
        project: Project,
        device_type: DeviceType | None,
    ) -> HttpResponse:
        senders = [message.sender for message in chosen]
        done = register_senders(senders, project, device_type)
        taken = done.readmitted
        for device in Device.objects.filter(device_id__in=senders):
            self.log_addition(request, device, f"Registered from quarantine with {project}.")
        refused = f", {taken.rejected} rejected" if taken.rejected else ""
        text = f"{counted(done.devices, 'device')} registered in {project}; {counted(taken.stored, 'reading')} stored"
        self.message_user(request, f"{text}{refused}.", messages.SUCCESS)
        return redirect("admin:telemetry_quarantinedmessage_changelist")

    def _ignore(self, request: HttpRequest, chosen: Sequence[QuarantinedMessage]) -> HttpResponse:
        senders = [message.sender for message in chosen]
        if not is_confirmed(request):
            return confirmation(
                self,
                request,
                chosen,
                title="Ignore them?",
                text=IGNORING,
                submit="Delete the messages",
                is_final=True,
                items=senders,
            )
        deleted = ignore_senders(senders)
        self.message_user(request, f"{counted(deleted, 'message')} deleted.", messages.SUCCESS)
        return redirect("admin:telemetry_quarantinedmessage_changelist")

    def _get(self, request: HttpRequest, object_id: str) -> QuarantinedMessage:
        message = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if message is None:
            raise Http404
        return message


def _guess(chosen: Sequence[QuarantinedMessage]) -> DeviceType | None:
    """The type that the first of them looks like."""
    message = chosen[0]
    decoded = decode(bytes(message.body), received_at=message.received_at, oldest=BEGINNING)
    keys = {key for one in decoded.messages for key in one.values}
    return guess_type(keys) if keys else None


def _text(message: QuarantinedMessage) -> str:
    return bytes(message.body).decode("utf-8", "replace")
