"""Which devices a package would go to, and which would be left out and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db.models import TextChoices

from devices.firmware.states import read_reported
from devices.models import Device, FirmwarePackage, FirmwareUpdate, Lifecycle, Twin
from devices.models.device import DeviceQuerySet
from devices.permissions import AnyUser, Permission, may

MOST_DEVICES = 10_000
NAMED = 2  # in words


class SkipReason(TextChoices):
    """Why a device is left out."""

    NOT_FOUND = "not_found", "There is no such device that you can see"
    NOT_ALLOWED = "not_allowed", "You may not update the firmware of devices in its project"
    OTHER_PROJECT = "other_project", "The package belongs to another project"
    WRONG_TYPE = "wrong_type", "The package is for another type"
    OUT_OF_SERVICE = "out_of_service", "It is not in service"
    SAME_VERSION = "same_version", "It runs this version already"
    BEING_UPDATED = "being_updated", "Another update of it is under way"


@dataclass(frozen=True, slots=True)
class Skipped:
    device_id: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Plan:
    """To whom a package would go, who would be left out, and what runs where."""

    targets: list[Device] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    versions: dict[int, str] = field(default_factory=dict)


def choose(
    user: AnyUser, package: FirmwarePackage, *, label: str = "", device_ids: Sequence[str] = ()
) -> tuple[str, list[Device], list[Skipped]]:
    """Whom somebody means: in words, the devices, and the IDs that are nobody's. Without IDs all of the type, or those
    of them with a label. Raises ValidationError if they are too many.
    """
    if device_ids:
        ids = list(dict.fromkeys(device_ids))
        visible = Device.objects.visible_to(user).select_related("project").filter(device_id__in=ids)
        found = {device.device_id: device for device in visible}
        missing = [Skipped(device_id, SkipReason.NOT_FOUND) for device_id in ids if device_id not in found]
        return _named(list(found)), list(found.values()), missing
    devices = list(of_package(package, label).select_related("project")[: MOST_DEVICES + 1])
    if len(devices) > MOST_DEVICES:
        raise ValidationError({"label": f"More than {MOST_DEVICES} devices are like that: choose by labels."})
    return f"all with the label {label}" if label else "all of its type", devices, []


def of_package(package: FirmwarePackage, label: str = "") -> DeviceQuerySet:
    """The devices in service that a package is for: all of its type, or those of them with a label."""
    devices = Device.objects.filter(project=package.project, device_type=package.device_type).in_service()
    return devices.labelled(label) if label else devices


def plan(by: "AnyUser | None", package: FirmwarePackage, devices: Iterable[Device]) -> Plan:
    """What a campaign would do; nothing happens. `by` None is the portal itself."""
    devices = list(devices)
    may_update = {
        project.pk: by is None or may(by, Permission.UPDATE_FIRMWARE, project)
        for project in {device.project for device in devices}
    }
    made = Plan(versions=running_versions(devices))
    under_way = FirmwareUpdate.objects.open().filter(device__in=devices)
    busy = {update.device_id for update in under_way.only("device_id")}
    for device in devices:
        if not may_update[device.project_id]:
            reason = SkipReason.NOT_ALLOWED
        elif device.project_id != package.project_id:
            reason = SkipReason.OTHER_PROJECT
        elif device.device_type_id != package.device_type_id:
            reason = SkipReason.WRONG_TYPE
        elif device.lifecycle != Lifecycle.ACTIVE:
            reason = SkipReason.OUT_OF_SERVICE
        elif device.pk in busy:
            reason = SkipReason.BEING_UPDATED
        elif made.versions.get(device.pk) == package.version:
            reason = SkipReason.SAME_VERSION
        else:
            made.targets.append(device)
            continue
        made.skipped.append(Skipped(device.device_id, reason))
    return made


def running_versions(devices: Iterable[Device]) -> dict[int, str]:
    """By device: the version that it says it runs."""
    twins = Twin.objects.filter(device__in=devices).only("device_id", "reported")
    return {twin.device_id: read_reported(twin.reported.get("firmware")).version for twin in twins}


def _named(device_ids: Sequence[str]) -> str:
    words = ", ".join(device_ids[:NAMED])
    return f"{words} and {len(device_ids) - NAMED} more" if len(device_ids) > NAMED else words
