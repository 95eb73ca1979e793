"""The one page that shows a secret: the answer itself, so that it is kept nowhere."""

import json
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from devices.broker_users import user_name
from devices.bundle import certificate_bundle
from devices.models import Credential, CredentialKind
from devices.mqtt import parse_url

EXAMPLE = json.dumps({"telemetry": {"temperature": 25.5}})
SECRETS: dict[str, str] = {
    CredentialKind.API_KEY: "API key",
    CredentialKind.MQTT: "Password",
    CredentialKind.X509: "Private key",
}
CERTIFICATE_PORT = 8884  # as in deploy/mosquitto


def issued_page(page: ModelAdmin, request: HttpRequest, credential: Credential, secret: str) -> HttpResponse:
    is_signed = credential.kind == CredentialKind.X509 and not credential.is_foreign
    context = {
        **page.admin_site.each_context(request),
        "title": "Credential issued",
        "opts": page.opts,
        "credential": credential,
        "secret": secret,
        "secret_name": SECRETS[credential.kind],
        "user_name": user_name(credential) if credential.kind == CredentialKind.MQTT else "",
        "bundle": certificate_bundle(credential, secret) if is_signed else "",
        "command": "" if credential.is_foreign else _example(request, credential, secret),
    }
    answer = TemplateResponse(request, "admin/devices/credential/issued.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


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
    if credential.kind == CredentialKind.X509:
        files = f"--cafile ca.pem --cert {device_id}.pem --key {device_id}.key"
        return (
            f"mosquitto_pub -h {host} -p {CERTIFICATE_PORT} {files} "
            f"-q 1 -t app/device/{device_id}/telemetry -m '{EXAMPLE}'"
        )
    tls = " --tls-use-os-certs" if broker.tls else ""
    return (
        f"mosquitto_pub -h {host} -p {broker.port}{tls} -u {user_name(credential)} -P {secret} "
        f"-q 1 -t app/device/{device_id}/telemetry -m '{EXAMPLE}'"
    )
