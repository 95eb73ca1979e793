"""Issue credentials and recognise who presents one."""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from devices.addresses import address_or_none
from devices.audit import record
from devices.broker import admit
from devices.certificates import recognise, sign
from devices.models import Credential, CredentialKind, Device
from devices.models.credential import LIVE_PER_KIND, hash_api_key, new_secret
from devices.mqtt_password import hash_mqtt_password
from devices.permissions import AnyUser

log = structlog.get_logger(__name__)

NOTE_USE_EVERY = timedelta(minutes=1)
_is_api_key = re.compile(r"iot_([0-9a-f]{16})_([A-Za-z0-9_-]{20,100})").fullmatch


def issue(
    device: Device,
    kind: str,
    by: "AnyUser | None",
    *,
    note: str = "",
    expires_at: datetime | None = None,
    csr: str = "",
    certificate: str = "",
) -> tuple[Credential, str]:
    """A new credential and what the device must keep secret, shown this once.

    That is the API key, the MQTT password, or the private key of a certificate (PEM); nothing where the device has its
    key already: with a signing request, or with a certificate of another authority.

    Raises ValidationError when the device has two live ones of that kind (one to use and one to change over to), or the
    broker has to be told and cannot.
    """
    public_id = secrets.token_hex(8)
    proof, secret = _proof(public_id, device, kind, expires_at, csr, certificate)
    with transaction.atomic():
        require_room(device, kind)
        if kind == CredentialKind.X509:
            _require_unknown(proof["fingerprint"], proof["subject"])
        credential = Credential.objects.create(
            device=device,
            kind=kind,
            public_id=public_id,
            note=note,
            created_by_id=None if by is None else by.pk,
            **{"expires_at": expires_at, **proof},
        )
        expiry = credential.expires_at and credential.expires_at.isoformat()
        _record(by, "credential.issued", credential, expires_at=expiry)
        admit(credential, secret)
    return credential, secret


def _proof(
    public_id: str, device: Device, kind: str, expires_at: datetime | None, csr: str, certificate: str
) -> tuple[dict[str, Any], str]:
    """What the portal keeps to recognise a credential by, and what the device keeps."""
    if kind == CredentialKind.X509:
        known, key = (recognise(certificate), "") if certificate else sign(public_id, device.device_id, csr, expires_at)
        return {
            "certificate": known.pem,
            "fingerprint": known.fingerprint,
            "expires_at": known.expires_at,
            "is_foreign": known.is_foreign,
            "subject": known.subject,
        }, key
    secret = new_secret()
    if kind == CredentialKind.API_KEY:
        return {"secret_hash": hash_api_key(secret)}, f"iot_{public_id}_{secret}"
    return {"secret_hash": hash_mqtt_password(secret)}, secret


def _require_unknown(fingerprint: str, subject: str) -> None:
    if known := Credential.objects.filter(fingerprint=fingerprint).first():
        raise ValidationError(f"This certificate is known already: credential {known.public_id}.", code="known")
    if subject and (bearer := Credential.objects.filter(subject=subject, revoked_at=None).first()):
        raise ValidationError(
            f"Credential {bearer.public_id} of {bearer.device} has a certificate with this subject, and a broker could "
            "not tell them apart. Revoke it first.",
            code="known",
        )


def revoke(credential: Credential, by: "AnyUser | None") -> bool:
    """Make it worthless and end the connections made with it; False if it was revoked already."""
    with transaction.atomic():
        revoked = credential.revoke()
        if revoked:
            _record(by, "credential.revoked", credential)
    return revoked


def _record(by: "AnyUser | None", action: str, credential: Credential, **detail: Any) -> None:
    device = credential.device
    detail = {"kind": credential.kind, "public_id": credential.public_id, **detail}
    record(by, action, device.device_id, project=device.project, **detail)


def require_room(device: Device, kind: str) -> None:
    """Raise ValidationError when the device has as many live credentials of the kind as it may.

    Inside a transaction, at the end of which whoever else asks at the same time gets the answer.
    """
    Device.objects.select_for_update().get(pk=device.pk)
    if device.credentials.live().filter(kind=kind).count() >= LIVE_PER_KIND:
        raise ValidationError(
            f"{device} has {LIVE_PER_KIND} live credentials of this kind. Revoke one of them first.",
            code="too_many_credentials",
        )


def authenticate(api_key: str, address: str) -> Credential | None:
    """The live credential that `api_key` belongs to, with its device; None if there is none.

    Its use is noted with the address it came from, once a minute at most.
    """
    parts = _is_api_key(api_key)
    if parts is None:
        return None
    public_id, secret = parts.groups()
    credential = (
        Credential.objects.live()
        .select_related("device")
        .filter(kind=CredentialKind.API_KEY, public_id=public_id)
        .first()
    )
    if credential is None or not hmac.compare_digest(credential.secret_hash, hash_api_key(secret)):
        return None
    now = timezone.now()
    if credential.last_used_at is None or credential.last_used_at < now - NOTE_USE_EVERY:
        Credential.objects.filter(pk=credential.pk).update(last_used_at=now, last_used_address=address_or_none(address))
    return credential


def warn_of_expiry() -> None:
    """Say in the log which credentials will not be live for long; the admin shows them too."""
    for credential in Credential.objects.expiring().select_related("device__project").order_by("expires_at"):
        log.warning(
            "a credential expires soon: issue its successor",
            device=credential.device.device_id,
            project=credential.device.project.slug,
            kind=credential.kind,
            public_id=credential.public_id,
            expires_at=str(credential.expires_at),
        )
