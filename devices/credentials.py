"""Issue credentials and recognise who presents one."""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from devices.models import Credential, CredentialKind, Device
from devices.models.credential import LIVE_PER_KIND, hash_api_key, new_secret
from devices.mqtt_password import hash_mqtt_password
from devices.permissions import AnyUser

NOTE_USE_EVERY = timedelta(minutes=1)
_is_api_key = re.compile(r"iot_([0-9a-f]{16})_([A-Za-z0-9_-]{20,100})").fullmatch


def issue(
    device: Device,
    kind: str,
    by: "AnyUser | None",
    *,
    note: str = "",
    expires_at: datetime | None = None,
) -> tuple[Credential, str]:
    """A new credential and what the device must present: the API key or the MQTT password, shown this once.

    Raises ValidationError when the device has two live ones of that kind: one to use and one to change over to.
    """
    secret = new_secret()
    with transaction.atomic():
        require_room(device, kind)
        credential = Credential.objects.create(
            device=device,
            kind=kind,
            public_id=secrets.token_hex(8),
            secret_hash=hash_api_key(secret) if kind == CredentialKind.API_KEY else hash_mqtt_password(secret),
            note=note,
            created_by_id=None if by is None else by.pk,
            expires_at=expires_at,
        )
    if kind == CredentialKind.API_KEY:
        return credential, f"iot_{credential.public_id}_{secret}"
    return credential, secret


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
        Credential.objects.filter(pk=credential.pk).update(last_used_at=now, last_used_address=_ip_address(address))
    return credential


def _ip_address(address: str) -> str | None:
    try:
        return str(ip_address(address.partition("%")[0]))  # the database takes no zone such as %eth0
    except ValueError:
        return None  # a unix socket has none
