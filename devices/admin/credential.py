import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.filters import ProjectFilter
from devices.admin.page import Page
from devices.admin.scope import ProjectScoped, may_manage
from devices.admin.words import counted
from devices.broker_files import user_name
from devices.credentials import issue, require_room
from devices.models import Credential, CredentialKind
from devices.models.credential import CredentialQuerySet
from devices.mqtt import parse_url
from devices.permissions import Permission

EXAMPLE = json.dumps({"telemetry": {"temperature": 25.5}})
REVOKING = "What is revoked stops working at once, and connections made with it are cut. There is no way back."


class IssueForm(ModelForm):
    class Meta:
        model = Credential
        fields = ["device", "kind", "note", "expires_at"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        expires_at = cleaned.get("expires_at")
        if expires_at is not None and expires_at <= timezone.now():
            self.add_error("expires_at", "It must be in the future.")
        if {"device", "kind"} <= cleaned.keys():
            require_room(cleaned["device"], cleaned["kind"])
        return cleaned


class StateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("live", "Live"), ("unused", "Live, never used"), ("expired", "Expired"), ("revoked", "Revoked")]

    def queryset(self, request: HttpRequest, credentials: CredentialQuerySet) -> QuerySet[Credential]:
        match self.value():
            case "live":
                return credentials.live()
            case "unused":
                return credentials.live().filter(last_used_at=None)
            case "expired":
                return credentials.filter(revoked_at=None, expires_at__lte=timezone.now())
            case "revoked":
                return credentials.exclude(revoked_at=None)
        return credentials


@admin.register(Credential)
class CredentialAdmin(ProjectScoped, Page):
    """Credentials are issued and revoked, never edited, and kept as a record of who could connect."""

    permission = Permission.MANAGE_CREDENTIALS
    form = IssueForm
    add_form_template = "admin/devices/credential/issue.html"
    autocomplete_fields = ["device"]
    list_display = ["device", "kind", "public_id", "note", "state", "expires_at", "used", "created_at", "created_by"]
    list_display_links = ["device", "public_id"]
    list_filter = [StateFilter, ("kind", ChoicesDropdownFilter), ("device__project", ProjectFilter)]
    list_select_related = ["device", "created_by"]
    search_fields = ["device__name", "device__device_id", "public_id", "note"]
    actions = ["revoke_selected"]
    actions_detail = ["revoke"]
    fieldsets = [
        (None, {"fields": ["device", "kind", "public_id", "note", "state", "expires_at", "revoked_at"]}),
        ("Use", {"fields": ["last_used_at", "last_used_address"]}),
        ("Record", {"fields": ["created_at", "created_by"]}),
    ]
    nothing = "No credentials yet"
    nothing_help = "A device needs one to send: an API key for HTTP, a password for MQTT."
    add_fieldsets = [(None, {"fields": ["device", "kind", "note", "expires_at"]})]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, self.permission)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {"title": "Issue a credential", **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Credential, form: ModelForm, change: bool) -> None:
        credential, secret = issue(obj.device, obj.kind, request.user, note=obj.note, expires_at=obj.expires_at)
        request.issued_secret = secret  # type: ignore[attr-defined]
        obj.__dict__.update(credential.__dict__)

    def response_add(self, request: HttpRequest, obj: Credential, post_url_continue: str | None = None) -> HttpResponse:
        """The one page that shows the secret: the answer itself, so that it is kept nowhere."""
        secret = request.issued_secret  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "title": "Credential issued",
            "opts": self.opts,
            "credential": obj,
            "secret": secret,
            "user_name": user_name(obj) if obj.kind == CredentialKind.MQTT else "",
            "command": _example(request, obj, secret),
        }
        return TemplateResponse(request, "admin/devices/credential/issued.html", context)

    @display(description="state")
    def state(self, credential: Credential) -> SafeString:
        return cell("credential_state", credential=credential)

    @display(description="last used", ordering="last_used_at")
    def used(self, credential: Credential) -> SafeString:
        return cell("age", moment=credential.last_used_at, detail=credential.last_used_address)

    @action(description="Revoke", icon="block", permissions=["revoke"], variant=ActionVariant.DANGER)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        credential = self.get_object(request, object_id)
        if credential is None:
            raise Http404
        if not is_confirmed(request):
            return confirmation(
                self, request, [credential], title="Revoke?", text=REVOKING, submit="Revoke", is_final=True
            )
        self._revoke(request, [credential])
        return redirect("admin:devices_credential_change", credential.pk)

    @action(description="Revoke", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, credentials: CredentialQuerySet) -> HttpResponse | None:
        if not is_confirmed(request):
            return confirmation(
                self,
                request,
                credentials,
                title="Revoke these credentials?",
                text=REVOKING,
                submit="Revoke",
                is_final=True,
            )
        self._revoke(request, credentials)
        return None

    def _revoke(self, request: HttpRequest, credentials: Any) -> None:
        revoked = [credential for credential in credentials if credential.revoke()]
        for credential in revoked:
            self.log_change(request, credential, "Revoked.")
        text = f"{counted(len(revoked), 'credential')} revoked."
        self.message_user(request, text, messages.SUCCESS if revoked else messages.INFO)


def _example(request: HttpRequest, credential: Credential, secret: str) -> str:
    """A command that sends a first value, for the host that this page came from."""
    device_id = credential.device.device_id
    if credential.kind == CredentialKind.API_KEY:
        return (
            f"curl {request.build_absolute_uri('/api/v1/telemetry')} -H 'Authorization: Bearer {secret}' "
            f"-H 'Content-Type: application/json' -d '{EXAMPLE}'"
        )
    broker = parse_url(settings.MQTT_URL)
    host = urlsplit(f"//{request.get_host()}").hostname
    tls = " --tls-use-os-certs" if broker.tls else ""
    return (
        f"mosquitto_pub -h {host} -p {broker.port}{tls} -u {user_name(credential)} -P {secret} "
        f"-q 1 -t app/device/{device_id}/telemetry -m '{EXAMPLE}'"
    )
