from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.filters import ProjectFilter
from devices.admin.page import Page
from devices.admin.scope import ProjectScoped, ReadOnly, may_manage
from devices.models import ClaimCode, Provisioning, ProvisioningKey
from devices.permissions import Permission
from devices.provisioning import make_key, revoke_key

REVOKING = "No device is let in with it any more. Those that came with it stay. There is no way back."


class KeyForm(ModelForm):
    class Meta:
        model = ProvisioningKey
        fields = ["project", "device_type", "note", "most_devices", "expires_at"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        expires_at = cleaned.get("expires_at")
        if expires_at is not None and expires_at <= timezone.now():
            self.add_error("expires_at", "It must be in the future.")
        return cleaned


@admin.register(ProvisioningKey)
class ProvisioningKeyAdmin(ProjectScoped, Page):
    """Keys are made and revoked, never edited, and kept as a record of who let devices in."""

    permission = Permission.MANAGE_CREDENTIALS
    form = KeyForm
    list_display = ["public_id", "project", "device_type", "note", "state", "used", "most_devices", "expires_at"]
    list_filter = [("project", ProjectFilter)]
    list_select_related = ["project", "device_type"]
    search_fields = ["public_id", "note"]
    actions_detail = ["revoke"]
    readonly_fields = ["state"]
    fieldsets = [
        (None, {"fields": ["public_id", "project", "device_type", "note", "state", "expires_at", "revoked_at"]}),
        ("Use", {"fields": ["used", "most_devices", "last_used_at"]}),
        ("Record", {"fields": ["created_at", "created_by"]}),
    ]
    add_fieldsets = [(None, {"fields": ["project", "device_type", "note", "most_devices", "expires_at"]})]
    nothing = "No provisioning keys yet"
    nothing_help = "With one, new devices of a project register themselves and get their credential."

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, self.permission)

    def save_model(self, request: HttpRequest, obj: ProvisioningKey, form: ModelForm, change: bool) -> None:
        key, secret = make_key(by=request.user, **form.cleaned_data)
        request.made_secret = secret  # type: ignore[attr-defined]
        obj.__dict__.update(key.__dict__)

    def response_add(
        self, request: HttpRequest, obj: ProvisioningKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The one page that shows the key: the answer itself, so that it is kept nowhere."""
        address = request.build_absolute_uri("/api/v1/provision")
        secret = request.made_secret  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "title": "Provisioning key made",
            "opts": self.opts,
            "key": obj,
            "secret": secret,
            "is_closed": obj.project.provisioning == Provisioning.CLOSED,
            "command": f"curl {address} -H 'Authorization: Bearer {secret}' -H 'Content-Type: application/json' "
            '-d \'{"device_id": "my-device", "kind": "mqtt"}\'',
        }
        return TemplateResponse(
            request, "admin/devices/provisioningkey/made.html", context, headers={"Cache-Control": "no-store"}
        )

    @display(description="state")
    def state(self, key: ProvisioningKey) -> SafeString:
        return cell("credential_state", credential=key)

    @action(description="Revoke", icon="block", permissions=["revoke"], variant=ActionVariant.DANGER)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self.get_object(request, object_id)
        if key is None:
            raise Http404
        if not is_confirmed(request):
            return confirmation(self, request, [key], title="Revoke?", text=REVOKING, submit="Revoke", is_final=True)
        if revoke_key(key, request.user):
            self.log_change(request, key, "Revoked.")
            self.message_user(request, "The key is revoked.", messages.SUCCESS)
        return redirect("admin:devices_provisioningkey_change", key.pk)


@admin.register(ClaimCode)
class ClaimCodeAdmin(ReadOnly, ProjectScoped, Page):
    """What was printed, and who has claimed. Codes are made on the list of devices."""

    list_display = ["code", "device", "created_at", "claimed_at", "claimed_by"]
    list_filter = [("device__project", ProjectFilter)]
    list_select_related = ["device", "claimed_by"]
    search_fields = ["code", "device__name", "device__device_id"]
    nothing = "No claim codes yet"
    nothing_help = "Choose devices in their list and print claim codes for them."
