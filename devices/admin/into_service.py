"""What is done with a device as a thing: its claim code printed, its hardware replaced, another one like it."""

from typing import Any

import segno
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.issued import issued_page
from devices.admin.scope import may_manage
from devices.claims import codes_for
from devices.hardware import clone, replace_hardware
from devices.models import CredentialKind, Device
from devices.models.device import DEVICE_ID_PATTERN
from devices.permissions import Permission, may

REPLACING = (
    "New hardware takes its place. Everything that was recorded stays; the credentials of the old hardware are "
    "revoked, and its connections are cut."
)
CLONING = "Another device with the same project, type, parent, labels and location, and without credentials."


class ReplaceForm(forms.Form):
    serial_number = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget, label="New serial number")
    kind = forms.ChoiceField(choices=CredentialKind.choices, widget=UnfoldAdminSelectWidget, label="Its credential")
    reason = forms.CharField(max_length=80, required=False, widget=UnfoldAdminTextInputWidget)


class CloneForm(forms.Form):
    device_id = forms.RegexField(
        f"^{DEVICE_ID_PATTERN}$",
        label="Device ID",
        widget=UnfoldAdminTextInputWidget,
        error_messages={"invalid": "1 to 64 letters, digits, dots, dashes or underscores."},
    )
    name = forms.CharField(max_length=100, required=False, widget=UnfoldAdminTextInputWidget)


class IntoService(ModelAdmin):
    def has_manage_permission(self, request: HttpRequest, *_: Any) -> bool:
        """In any project; which one counts is asked when the device is known."""
        return may_manage(request, Permission.MANAGE_DEVICES)

    @action(description="Replace the hardware", icon="swap_horiz", permissions=["manage"])
    def replace_hardware(self, request: HttpRequest, object_id: str) -> HttpResponse:
        device = self._of(request, object_id, Permission.MANAGE_CREDENTIALS)
        form = ReplaceForm(request.POST if is_confirmed(request) else None)
        if form.is_bound and form.is_valid():
            try:
                return issued_page(self, request, *replace_hardware(device, request.user, **form.cleaned_data))
            except ValidationError as error:
                form.add_error(None, error)
        return confirmation(
            self, request, [device], title="Replace the hardware", text=REPLACING, submit="Replace", form=form
        )

    @action(description="Clone", icon="content_copy", permissions=["manage"])
    def clone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        device = self._of(request, object_id, Permission.MANAGE_DEVICES)
        form = CloneForm(request.POST if is_confirmed(request) else None)
        if form.is_bound and form.is_valid():
            try:
                made = clone(device, request.user, **form.cleaned_data)
            except ValidationError as error:
                for field, reasons in error.message_dict.items():
                    form.add_error(field if field in form.fields else None, reasons)
            else:
                return redirect("admin:devices_device_change", made.pk)
        return confirmation(self, request, [device], title="Clone", text=CLONING, submit="Clone", form=form)

    @action(description="Print claim codes", permissions=["change"])
    def print_claim_codes(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse:
        """A sheet of labels. Printed again, devices that nobody has claimed keep their code."""
        chosen = list(devices.prefetch_related(None).select_related("project").order_by("name"))
        labels = [(code, *_qr(request, code.code)) for code in codes_for(chosen, request.user)]
        context = {**self.admin_site.each_context(request), "title": "Claim codes", "opts": self.opts, "labels": labels}
        return TemplateResponse(request, "admin/devices/device/claim_codes.html", context)

    def _of(self, request: HttpRequest, object_id: str, permission: str) -> Any:
        device = self.get_object(request, object_id)
        if device is None or not may(request.user, permission, device.project):
            raise Http404
        return device


def _qr(request: HttpRequest, code: str) -> tuple[str, SafeString]:
    address = request.build_absolute_uri(reverse("claim", args=[code]))
    drawing = segno.make(address, error="m").svg_inline(omitsize=True, border=2, svgclass="qr", lineclass=None)
    return address, mark_safe(drawing)  # noqa: S308 (paths alone)
