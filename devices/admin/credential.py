from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import CharField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from devices.admin.cells import cell
from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.filters import ProjectFilter
from devices.admin.issued import issued_page
from devices.admin.page import Page
from devices.admin.scope import ForSuperusers, ProjectScoped, ReadOnly, may_manage
from devices.admin.words import counted
from devices.broker_users import user_name
from devices.certificates import MAX_PEM, key_of_request, recognise
from devices.credentials import issue, require_room, revoke
from devices.models import Credential, CredentialKind, RevokedCertificate
from devices.models.credential import EXPIRES_SOON, CredentialQuerySet
from devices.permissions import Permission

REVOKING = "What is revoked stops working at once, and connections made with it are cut. There is no way back."


class IssueForm(ModelForm):
    class Meta:
        model = Credential
        fields = ["device", "kind", "note", "expires_at"]

    csr = CharField(
        label="signing request",
        max_length=MAX_PEM,
        required=False,
        widget=UnfoldAdminTextareaWidget,
        help_text="PEM, with the key that the device made. Empty: key and certificate are made here.",
    )
    foreign = CharField(
        label="certificate of another authority",
        max_length=MAX_PEM,
        required=False,
        widget=UnfoldAdminTextareaWidget,
        help_text="PEM. Brokers that trust its authority know it by its subject, proxies by its fingerprint.",
    )

    def clean_csr(self) -> str:
        if csr := self.cleaned_data["csr"]:
            key_of_request(csr)
        return csr

    def clean_foreign(self) -> str:
        if certificate := self.cleaned_data["foreign"]:
            recognise(certificate)
        return certificate

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        given = [name for name in ("csr", "foreign") if cleaned.get(name)]
        if given and cleaned.get("kind") != CredentialKind.X509:
            self.add_error(given[0], "Only an X.509 credential has one.")
        if len(given) > 1:
            self.add_error("foreign", "Give a signing request or a certificate, not both.")
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
        return [
            ("live", "Live"),
            ("expiring", f"Live, expires within {EXPIRES_SOON.days} days"),
            ("unused", "Live, never used"),
            ("expired", "Expired"),
            ("revoked", "Revoked"),
        ]

    def queryset(self, request: HttpRequest, credentials: CredentialQuerySet) -> QuerySet[Credential]:
        match self.value():
            case "live":
                return credentials.live()
            case "expiring":
                return credentials.expiring()
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
        ("Certificate", {"fields": ["fingerprint", "is_foreign", "subject", "certificate"]}),
        ("Use", {"fields": ["broker_user", "last_used_at", "last_used_address"]}),
        ("Record", {"fields": ["created_at", "created_by"]}),
    ]
    readonly_fields = ["broker_user"]
    nothing = "No credentials yet"
    nothing_help = "A device needs one to send: an API key for HTTP, a password or a certificate for MQTT."
    add_fieldsets = [
        (None, {"fields": ["device", "kind", "note", "expires_at"]}),
        ("For X.509, where the device has a key already", {"fields": ["csr", "foreign"], "classes": ["collapse"]}),
    ]

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
        wanted = {name: form.cleaned_data[name] for name in ("note", "expires_at", "csr")}
        wanted["certificate"] = form.cleaned_data["foreign"]
        credential, secret = issue(obj.device, obj.kind, request.user, **wanted)
        request.issued_secret = secret  # type: ignore[attr-defined]
        obj.__dict__.update(credential.__dict__)

    def response_add(self, request: HttpRequest, obj: Credential, post_url_continue: str | None = None) -> HttpResponse:
        return issued_page(self, request, obj, request.issued_secret)  # type: ignore[attr-defined]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        fieldsets = list(super().get_fieldsets(request, obj))
        has_certificate = not isinstance(obj, Credential) or bool(obj.certificate)
        return fieldsets if has_certificate else [one for one in fieldsets if one[0] != "Certificate"]

    @display(description="user name at the broker")
    def broker_user(self, credential: Credential) -> str:
        return user_name(credential) if credential.is_live and credential.opens_broker else ""

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
        revoked = [credential for credential in credentials if revoke(credential, request.user)]
        for credential in revoked:
            self.log_change(request, credential, "Revoked.")
        text = f"{counted(len(revoked), 'credential')} revoked."
        self.message_user(request, text, messages.SUCCESS if revoked else messages.INFO)


@admin.register(RevokedCertificate)
class RevokedCertificateAdmin(ReadOnly, ForSuperusers, Page):
    """What the revocation list names."""

    list_display = ["public_id", "revoked_at", "expires_at"]
    search_fields = ["public_id"]
    nothing = "No certificate is revoked"
    nothing_help = "A certificate that is revoked, or whose device is deleted, stays here until it expires."
