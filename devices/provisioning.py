"""Devices that register themselves with a provisioning key, by HTTP or MQTT."""

import hmac
import json
import re
import secrets
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from cryptography import x509
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from devices import topics
from devices.audit import record
from devices.authority import authority
from devices.broker import admit_provisioning_key
from devices.broker_users import user_name
from devices.certificates import key_of_request
from devices.credentials import issue
from devices.models import (
    Credential,
    CredentialKind,
    Device,
    DeviceType,
    Lifecycle,
    Project,
    Provisioning,
    ProvisioningKey,
)
from devices.models.credential import hash_api_key, new_secret
from devices.mqtt_password import hash_mqtt_password
from devices.permissions import AnyUser
from devices.publisher import Message, publish
from devices.rate import is_within

log = structlog.get_logger(__name__)

PER_MINUTE = 60
MAX_BODY = 32_768
NONCE = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch
_is_key = re.compile(r"prov_([0-9a-f]{16})_([A-Za-z0-9_-]{20,100})").fullmatch


class Refused(Exception):
    """Why a device is not let in: `status` as HTTP says it, and a sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Provisioned(NamedTuple):
    credential: Credential
    secret: str

    def answer(self) -> dict[str, Any]:
        """What the device is told, by HTTP as by MQTT."""
        credential = self.credential
        is_signed = credential.kind == CredentialKind.X509
        return {
            "device_id": credential.device.device_id,
            "project": credential.device.project.slug,
            "kind": credential.kind,
            "username": user_name(credential) if credential.opens_broker else None,
            "secret": self.secret or None,
            "certificate": credential.certificate or None,
            "authority": authority().pem if is_signed else None,
            "expires_at": credential.expires_at and credential.expires_at.isoformat(),
        }


def make_key(
    project: Project,
    by: AnyUser,
    *,
    device_type: DeviceType | None = None,
    note: str = "",
    most_devices: int | None = None,
    expires_at: datetime | None = None,
) -> tuple[ProvisioningKey, str]:
    """A new provisioning key and what devices must show, told this once."""
    public_id, secret = secrets.token_hex(8), new_secret()
    shown = f"prov_{public_id}_{secret}"
    with transaction.atomic():
        key = ProvisioningKey.objects.create(
            project=project,
            device_type=device_type,
            public_id=public_id,
            secret_hash=hash_api_key(secret),
            password_hash=hash_mqtt_password(shown),
            note=note,
            most_devices=most_devices,
            expires_at=expires_at,
            created_by_id=by.pk,
        )
        record(by, "provisioning_key.made", key.public_id, project=project, note=note)
        admit_provisioning_key(key, shown)
    return key, shown


def revoke_key(key: ProvisioningKey, by: AnyUser) -> bool:
    with transaction.atomic():
        revoked = key.revoke()
        if revoked:
            record(by, "provisioning_key.revoked", key.public_id, project=key.project)
    return revoked


def provision(
    shown: str, device_id: str, *, name: str = "", kind: str = CredentialKind.MQTT, csr: str = ""
) -> Provisioned:
    """Register the device that shows the key, and issue its first credential. Raises Refused.

    A device that is registered is let in as long as it never had a credential: a key that somebody took out of a
    device must not open others. Who asks again for the same certificate key is given the same certificate.
    """
    key = _recognise(shown)
    if not is_within(f"provision:{key.public_id}", PER_MINUTE):
        raise Refused(429, "Too many devices come with this key at once. Try again in a minute.")
    if key.project.provisioning == Provisioning.CLOSED:
        raise Refused(403, "The project takes no devices by key at the moment.")
    try:
        with transaction.atomic():
            return _let_in(key, device_id, name, kind, csr)
    except ValidationError as error:
        raise Refused(400, " ".join(error.messages)) from error


def take_request(key_id: str, body: bytes) -> None:
    """Answer a request that came by MQTT.

    Everybody with the key can read the answers, so they hold no secret: by MQTT there are certificates alone, for keys
    that devices made themselves.
    """
    nonce, answer = _answer(body)
    if nonce is None:
        log.warning("a request to be provisioned that cannot be answered", key=key_id)
    else:
        publish([Message(topics.provisioned(key_id, nonce), json.dumps(answer).encode())])


def _answer(body: bytes) -> tuple[str | None, dict[str, Any]]:
    try:
        asked = json.loads(body[: MAX_BODY + 1]) if len(body) <= MAX_BODY else None
    except (ValueError, RecursionError):
        asked = None
    wanted = asked if isinstance(asked, dict) else {}
    nonce = wanted.get("id")
    if not isinstance(nonce, str) or not NONCE(nonce):
        return None, {}
    texts = {name: wanted.get(name, "") for name in ("key", "device_id", "name", "csr")}
    if not all(isinstance(text, str) for text in texts.values()) or not texts["csr"]:
        return nonce, {"status": 400, "detail": "Send id, key, device_id and csr (a signing request in PEM) as texts."}
    try:
        done = provision(texts.pop("key"), kind=CredentialKind.X509, **texts)
    except Refused as refusal:
        return nonce, {"status": refusal.status, "detail": str(refusal)}
    return nonce, {"status": 201, **done.answer()}


def _recognise(shown: str) -> ProvisioningKey:
    parts = _is_key(shown)
    key = parts and ProvisioningKey.objects.live().select_related("project").filter(public_id=parts[1]).first()
    if not parts or not key or not hmac.compare_digest(key.secret_hash, hash_api_key(parts[2])):
        raise Refused(401, "This is no provisioning key that is in force.")
    return key


def _let_in(key: ProvisioningKey, device_id: str, name: str, kind: str, csr: str) -> Provisioned:
    device = Device.objects.filter(device_id=device_id).select_related("project").first()
    if device is None:
        device = Device(device_id=device_id, name=name or device_id, project=key.project, device_type=key.device_type)
        device.full_clean()
        device.save()
    elif again := _same_again(device, key, csr):
        return Provisioned(again, "")
    elif device.project_id != key.project_id or device.lifecycle != Lifecycle.ACTIVE or device.credentials.exists():
        raise Refused(409, "A device of this name is registered already. Ask an administrator to replace its hardware.")
    taken = ProvisioningKey.objects.live().filter(pk=key.pk).update(used=F("used") + 1, last_used_at=timezone.now())
    if not taken:
        raise Refused(401, "This is no provisioning key that is in force.")
    credential, secret = issue(device, kind, None, note=f"Provisioned by key {key.public_id}", csr=csr)
    record(None, "device.provisioned", device_id, project=key.project, key=key.public_id, kind=kind)
    return Provisioned(credential, secret)


def _same_again(device: Device, key: ProvisioningKey, csr: str) -> Credential | None:
    """The device's certificate, if it is for the key of this request: its answer got lost."""
    if not csr or device.project_id != key.project_id:
        return None
    wanted = key_of_request(csr)
    for credential in device.credentials.live().filter(kind=CredentialKind.X509, is_foreign=False):
        if x509.load_pem_x509_certificate(credential.certificate.encode()).public_key() == wanted:
            return credential
    return None
