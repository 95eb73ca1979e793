"""Packages of firmware: taken in, and told of when they go."""

import hashlib
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.template.defaultfilters import filesizeformat

from devices.audit import record
from devices.firmware.signing import sign
from devices.models import DeviceType, FirmwarePackage, Project
from devices.permissions import AnyUser

AT_ONCE = 64 * 1024


def check_file(file: "File[bytes]") -> None:
    """ValidationError says why a file cannot be taken."""
    if not file.size:
        raise ValidationError({"file": "The file is empty."})
    if file.size > settings.FIRMWARE_MAX_BYTES:
        most, has = filesizeformat(settings.FIRMWARE_MAX_BYTES), filesizeformat(file.size)
        raise ValidationError({"file": f"A package may have {most}; this file has {has}."})


@transaction.atomic
def take_in(
    by: "AnyUser | None",
    *,
    project: Project,
    device_type: DeviceType,
    version: str,
    file: "File[bytes]",
    notes: str = "",
) -> FirmwarePackage:
    """Keep a package, with what devices need to check it. Raises ValidationError."""
    check_file(file)
    package = FirmwarePackage(
        project=project, device_type=device_type, version=version, notes=notes, created_by_id=by.pk if by else None
    )
    package.clean_fields(exclude=["file", "size", "sha256", "signature", "created_by"])
    package.validate_constraints()
    package.size, package.sha256 = int(file.size), _sha256(file)
    package.signature = sign(device_type.slug, version, package.size, package.sha256)
    package.file.save("", file, save=False)
    try:
        package.save()
    except BaseException:
        package.file.delete(save=False)
        raise
    record(by, "firmware.uploaded", package, project=project, sha256=package.sha256, size=package.size)
    return package


def remove(package: FirmwarePackage, by: AnyUser) -> None:
    """Raises ProtectedError if a campaign needs it."""
    with transaction.atomic():
        record(by, "firmware.removed", package, project=package.project, sha256=package.sha256)
        package.delete()


@receiver(post_delete, sender=FirmwarePackage)
def remove_file(instance: FirmwarePackage, **_: Any) -> None:
    storage, name = instance.file.storage, instance.file.name
    transaction.on_commit(lambda: storage.delete(str(name)), robust=True)


def _sha256(file: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for part in file.chunks(AT_ONCE):
        digest.update(part)
    return digest.hexdigest()
