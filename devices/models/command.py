import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from devices.command_states import OPEN, CommandStatus
from devices.models.device import Device
from devices.models.device_type import DeviceType
from devices.permissions import ProjectScopedQuerySet
from devices.schemas import validate_schema

# Sent by campaigns alone (devices.firmware): no type has a command of this name.
UPDATE_FIRMWARE = "update_firmware"
COMMAND_NAME_PATTERN = r"[a-z][a-z0-9_]{0,63}"


class CommandType(models.Model):
    """A command that devices of one type take."""

    device_type = models.ForeignKey(DeviceType, on_delete=models.CASCADE, related_name="commands")
    name = models.CharField(
        max_length=64,
        validators=[
            RegexValidator(f"^{COMMAND_NAME_PATTERN}$", "1 to 64 small letters, digits or underscores; a letter first.")
        ],
        help_text="As devices are sent it.",
    )
    label = models.CharField(max_length=64, help_text="As people read it.")
    description = models.CharField(max_length=200, blank=True)
    params_schema = models.JSONField(
        "schema of the parameters",
        default=dict,
        blank=True,
        validators=[validate_schema],
        help_text="JSON Schema of an object. Empty ({}): it takes no parameters.",
    )
    timeout = models.DurationField(
        "time-out",
        default=timedelta(seconds=30),
        validators=[MinValueValidator(timedelta(seconds=1)), MaxValueValidator(timedelta(days=7))],
        help_text="The device must have said how it ended this long after it was sent.",
    )
    expires_after = models.DurationField(
        default=timedelta(hours=1),
        validators=[MinValueValidator(timedelta(seconds=1)), MaxValueValidator(timedelta(days=90))],
        help_text="A device that was away is sent it when it returns, but not later than this.",
    )
    needs_confirmation = models.BooleanField(default=False, help_text="People are asked whether they mean it.")
    is_destructive = models.BooleanField(default=False, help_text="Its button shows it, and people are asked.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["device_type", "position", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device_type", "name"],
                name="command_type_unique",
                violation_error_message="This type already has a command of that name.",
            )
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        if self.name == UPDATE_FIRMWARE:
            raise ValidationError({"name": "Firmware campaigns send this one: give it another name."})


class CommandQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"

    def open(self) -> Self:
        """Those that have not come to an end."""
        return self.filter(status__in=OPEN)


class Command(models.Model):
    """One command to one device. devices.commands moves it on; its steps tell what is known and from whom."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="commands")
    name = models.CharField(max_length=64)
    label = models.CharField(max_length=64)
    params = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=9, choices=CommandStatus, default=CommandStatus.QUEUED)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)
    timeout = models.DurationField()
    expires_at = models.DateTimeField(help_text="A device that is reached later is not sent it any more.")
    # Once it was sent: when the device must have said how it ended.
    answer_due_at = models.DateTimeField(null=True)
    # When something is to be done about it next; null once it has ended.
    due_at = models.DateTimeField(null=True)
    # Somebody is sending it right now, or was killed while doing so.
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    trace_id = models.CharField(max_length=64, blank=True, help_text="Finds what the logs say about it.")

    objects = CommandQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["device", "-created_at"], name="command_of_device"),
            models.Index(fields=["-created_at"], name="command_newest"),
            models.Index(fields=["due_at"], name="command_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.label} to {self.device}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class Witness(models.TextChoices):
    """Who says so."""

    PERSON = "person", "a person"
    PORTAL = "portal", "the portal"
    BROKER = "broker", "the broker"
    DEVICE = "device", "the device"


class CommandStep(models.Model):
    """A piece of evidence about a command: what it says, who says so, when, and whether it moved the command."""

    command = models.ForeignKey(Command, on_delete=models.CASCADE, related_name="steps")
    status = models.CharField(max_length=9, choices=CommandStatus)
    at = models.DateTimeField(default=timezone.now)
    witness = models.CharField(max_length=6, choices=Witness)
    detail = models.CharField(max_length=500, blank=True)
    moved = models.BooleanField(default=True, help_text="No: it came too late to change anything.")

    class Meta:
        ordering: ClassVar = ["command", "pk"]

    def __str__(self) -> str:
        return f"{self.get_status_display()}, says {self.get_witness_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Evidence is never changed.")
        super().save(*args, **kwargs)
