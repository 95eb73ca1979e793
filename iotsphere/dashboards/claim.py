"""The page that a claim code leads to: whoever stands before a device puts it into service."""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from devices.admin.issued import SECRETS
from devices.broker_users import user_name
from devices.bundle import certificate_bundle
from devices.claims import AlreadyClaimed, claim
from devices.models import ClaimCode, Credential, CredentialKind
from devices.permissions import Permission


class ClaimForm(forms.Form):
    name = forms.CharField(max_length=100)
    location = forms.CharField(max_length=200, required=False)
    kind = forms.ChoiceField(choices=CredentialKind.choices, label="Credential")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def claim_page(request: HttpRequest, code: str) -> HttpResponse:
    """404 for a code that does not exist as for one of a project in which this person may not claim."""
    codes = ClaimCode.objects.where_user_may(request.user, Permission.CLAIM_DEVICES)
    found = get_object_or_404(codes.select_related("device__project", "claimed_by"), code=code.upper())
    initial = {"name": found.device.name, "location": found.device.location, "kind": CredentialKind.MQTT}
    form = ClaimForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and not found.claimed_at and form.is_valid():
        try:
            credential, secret = claim(found, request.user, **form.cleaned_data)
        except AlreadyClaimed:
            found.refresh_from_db()
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return render(request, "dashboards/claimed.html", _shown_once(credential, secret))
    return render(request, "dashboards/claim.html", {"code": found, "device": found.device, "form": form})


def _shown_once(credential: Credential, secret: str) -> dict[str, Any]:
    return {
        "device": credential.device,
        "credential": credential,
        "secret": secret,
        "secret_name": SECRETS[credential.kind],
        "user_name": user_name(credential) if credential.kind == CredentialKind.MQTT else "",
        "bundle": certificate_bundle(credential, secret) if credential.kind == CredentialKind.X509 else "",
    }
