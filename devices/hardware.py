"""One device after the other at the same place, and more of the same."""

from django.db import transaction
from simple_history.utils import update_change_reason

from devices.audit import record
from devices.credentials import issue, revoke
from devices.models import Credential, Device
from devices.permissions import AnyUser

COPIED = ("project", "device_type", "parent", "labels", "location")


def replace_hardware(
    device: Device, by: AnyUser, *, serial_number: str, kind: str, reason: str = "", csr: str = ""
) -> tuple[Credential, str]:
    """New hardware takes the device's place: all that was recorded stays, what the old one could show is worthless."""
    with transaction.atomic():
        row = Device.objects.select_for_update(of=("self",)).select_related("project").get(pk=device.pk)
        before, row.serial_number = row.serial_number, serial_number
        row.save(update_fields=["serial_number"])
        update_change_reason(row, f"Hardware replaced. {reason}".strip()[:100])
        revoked = [old for old in row.credentials.live().select_related("device__project") if revoke(old, by)]
        credential, secret = issue(row, kind, by, note="For the new hardware", csr=csr)
        record(
            by,
            "device.hardware_replaced",
            row.device_id,
            project=row.project,
            before=before,
            after=serial_number,
            revoked=len(revoked),
            reason=reason,
        )
    return credential, secret


def clone(device: Device, by: AnyUser, *, device_id: str, name: str = "") -> Device:
    """Another device with the same description, without credentials. Raises ValidationError."""
    copied = {field: getattr(device, field) for field in COPIED}
    twin = Device(device_id=device_id, name=name or f"{device.name} (copy)"[:100], **copied)
    with transaction.atomic():
        twin.full_clean()
        twin.save()
        record(by, "device.cloned", device_id, project=device.project, source=device.device_id)
    return twin
