"""Claim codes: printed on a device, scanned by who puts it into service."""

import secrets
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from devices.audit import record
from devices.credentials import issue
from devices.models import ClaimCode, Credential, Device, Lifecycle
from devices.permissions import AnyUser

# Without letters and digits that are read as another.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
GROUPS, GROUP = 4, 4


class AlreadyClaimed(Exception):
    pass


def codes_for(devices: Sequence[Device], by: AnyUser) -> list[ClaimCode]:
    """An open claim code for each of the devices: the one it has, or a new one."""
    codes = []
    with transaction.atomic():
        for device in devices:
            code, is_new = ClaimCode.objects.get_or_create(
                device=device, claimed_at=None, defaults={"code": _new_code()}
            )
            if is_new:
                record(by, "claim_code.made", device.device_id, project=device.project)
            codes.append(code)
    return codes


def claim(code: ClaimCode, by: AnyUser, *, kind: str, name: str, location: str) -> tuple[Credential, str]:
    """Put the device into service: it is given its credential, and a code is good for one.

    Raises AlreadyClaimed when somebody was faster, and ValidationError as `issue` does.
    """
    with transaction.atomic():
        open_code = ClaimCode.objects.filter(pk=code.pk, claimed_at=None)
        if not open_code.update(claimed_at=timezone.now(), claimed_by_id=by.pk):
            raise AlreadyClaimed
        device = Device.objects.select_for_update(of=("self",)).select_related("project").get(pk=code.device_id)
        device.name, device.location, device.lifecycle = name or device.name, location, Lifecycle.ACTIVE
        device.save(update_fields=["name", "location", "lifecycle"])
        credential, secret = issue(device, kind, by, note="Claimed")
        record(by, "device.claimed", device.device_id, project=device.project, kind=kind)
    return credential, secret


def _new_code() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
