from datetime import timedelta
from typing import Any, ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from devices.firmware.states import OPEN, UpdateStatus
from devices.models.command import Command, Witness
from devices.models.device import Device
from devices.models.device_type import DeviceType
from devices.models.project import Project
from devices.permissions import ProjectScopedQuerySet

VERSION_PATTERN = r"[A-Za-z0-9][A-Za-z0-9.+_\-]{0,31}"


def private_folder() -> Storage:
    return FileSystemStorage(settings.FIRMWARE_DIR, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def file_name(package: "FirmwarePackage", name: str) -> str:
    return f"{uuid4()}.bin"


class FirmwarePackageQuerySet(ProjectScopedQuerySet):
    pass


class FirmwarePackage(models.Model):
    """Firmware of one version for the devices of one type in a project. It is made once and never changed."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="firmware")
    device_type = models.ForeignKey(DeviceType, on_delete=models.PROTECT, related_name="firmware")
    version = models.CharField(
        max_length=32,
        validators=[RegexValidator(f"^{VERSION_PATTERN}$", "1 to 32 letters, digits, dots, dashes, plus signs.")],
        help_text="As devices report it when they run it.",
    )
    file = models.FileField(storage=private_folder, upload_to=file_name)
    size = models.PositiveBigIntegerField(editable=False, help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    signature = models.CharField(max_length=88, editable=False, help_text="Ed25519, Base64; /firmware.pem has the key.")
    notes = models.TextField(max_length=5000, blank=True, help_text="What is new, for people.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    objects = FirmwarePackageQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "device_type", "version"],
                name="firmware_version_unique",
                violation_error_message="The project has this version for this type already. Give it another one.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.device_type} {self.version}"


class CampaignStatus(models.TextChoices):
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    ABORTED = "aborted", "Aborted: too many failed"
    CANCELLED = "cancelled", "Cancelled"
    FINISHED = "finished", "Finished"


class FirmwareCampaignQuerySet(ProjectScopedQuerySet):
    project_path = "package__project"

    def with_counts(self) -> Self:
        """Each with how many of its devices are updated, failed and neither yet."""
        of_status = {f"{name}_count": models.Q(updates__status__in=statuses) for name, statuses in COUNTED.items()}
        counts = {name: models.Count("updates", filter=condition) for name, condition in of_status.items()}
        return self.annotate(device_count=models.Count("updates"), **counts)


COUNTED = {
    "updated": [UpdateStatus.UPDATED],
    "failed": [UpdateStatus.FAILED],
    "cancelled": [UpdateStatus.CANCELLED],
    "open": list(OPEN),
}


class FirmwareCampaign(models.Model):
    """A package on its way to many devices, in waves. devices.firmware.rollout moves it on."""

    package = models.ForeignKey(FirmwarePackage, on_delete=models.PROTECT, related_name="campaigns")
    target = models.CharField(max_length=200, help_text="Whom it is for, in words.")
    waves = models.JSONField(help_text='Such as ["1", "10%", "rest"].')
    soak = models.DurationField(
        default=timedelta(minutes=10),
        validators=[MinValueValidator(timedelta(0)), MaxValueValidator(timedelta(days=30))],
        help_text="How long a wave that has ended is watched before the next one begins.",
    )
    most_failed = models.PositiveIntegerField(
        null=True, blank=True, help_text="If more devices fail, it is aborted. Empty: any number."
    )
    most_failed_percent = models.PositiveSmallIntegerField(
        null=True, blank=True, default=10, validators=[MaxValueValidator(100)],
        help_text="If a larger share of the devices that have had their turn fails, it is aborted. Empty: any share.",
    )  # fmt: skip
    timeout = models.DurationField(
        "time-out",
        default=timedelta(hours=1),
        validators=[MinValueValidator(timedelta(seconds=10)), MaxValueValidator(timedelta(days=1))],
        help_text="A device must run the new version this long after it was sent the command.",
    )
    expires_after = models.DurationField(
        default=timedelta(days=1),
        validators=[MinValueValidator(timedelta(seconds=10)), MaxValueValidator(timedelta(days=90))],
        help_text="A device that is away is waited for until then.",
    )
    status = models.CharField(max_length=9, choices=CampaignStatus, default=CampaignStatus.RUNNING)
    wave = models.PositiveSmallIntegerField(default=0, help_text="The one that has begun last; the first is 1.")
    # When the next wave begins; null while one is under way.
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    objects = FirmwareCampaignQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.package} for {self.target}"

    @property
    def is_over(self) -> bool:
        return self.status not in (CampaignStatus.RUNNING, CampaignStatus.PAUSED)


class FirmwareUpdateQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"

    def open(self) -> Self:
        """Those that have not come to an end."""
        return self.filter(status__in=OPEN)


class FirmwareUpdate(models.Model):
    """What becomes of a campaign on one device. devices.firmware.progress moves it by what is known."""

    campaign = models.ForeignKey(FirmwareCampaign, on_delete=models.CASCADE, related_name="updates")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="firmware_updates")
    wave = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=11, choices=UpdateStatus, default=UpdateStatus.QUEUED)
    percent = models.PositiveSmallIntegerField(null=True, help_text="How much of the present step is done.")
    error = models.CharField(max_length=500, blank=True)
    from_version = models.CharField(max_length=200, blank=True, help_text="What the device ran before.")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    # By when the device must run it; null until it is told, and after the end.
    due_at = models.DateTimeField(null=True)
    command = models.OneToOneField(
        Command, on_delete=models.SET_NULL, null=True, related_name="firmware_update",
        help_text="By which the device is told; empty until its wave begins.",
    )  # fmt: skip
    # The newest of the device's reports that has been looked at.
    seen = models.BigIntegerField(default=0)

    objects = FirmwareUpdateQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["wave", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "device"], name="firmware_update_once_in_a_campaign"),
            models.UniqueConstraint(
                fields=["device"],
                condition=models.Q(status__in=[status.value for status in OPEN]),
                name="firmware_update_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} to {self.campaign.package.version}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class FirmwareStep(models.Model):
    """A piece of evidence about an update: what it says, who says so and when."""

    update = models.ForeignKey(FirmwareUpdate, on_delete=models.CASCADE, related_name="steps")
    status = models.CharField(max_length=11, choices=UpdateStatus)
    at = models.DateTimeField(default=timezone.now)
    witness = models.CharField(max_length=6, choices=Witness)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["update", "pk"]

    def __str__(self) -> str:
        return f"{self.get_status_display()}, says {self.get_witness_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Evidence is never changed.")
        super().save(*args, **kwargs)
