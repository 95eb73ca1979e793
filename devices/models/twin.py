from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from devices.models.device import Device
from devices.permissions import ProjectScopedQuerySet
from devices.twin_states import delta


class TwinQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"


class Twin(models.Model):
    """What people want of a device (desired) and what it says of itself (reported). devices.twin changes it."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="twin")
    desired = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0, help_text="Counts the changes of what is desired.")
    desired_at = models.DateTimeField(null=True)
    reported = models.JSONField(default=dict)
    reported_version = models.PositiveIntegerField(
        default=0, help_text="The newest version that the device says it has seen."
    )
    reported_at = models.DateTimeField(null=True)
    # By key: since when the device owes it (ISO times). `pending_since` is the oldest of them.
    pending = models.JSONField(default=dict)
    pending_since = models.DateTimeField(null=True)
    # When the broker is to be told what is desired next; null while it knows.
    due_at = models.DateTimeField(null=True)

    objects = TwinQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["device"]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="twin_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Twin of {self.device}"

    @property
    def delta(self) -> dict[str, Any]:
        return delta(self.desired, self.reported)

    def waits_for(self, key: str) -> datetime | None:
        """Since when the device owes what is desired of `key`."""
        since = self.pending.get(key)
        return None if since is None else datetime.fromisoformat(since)


class TwinSide(models.TextChoices):
    DESIRED = "desired", "Desired"
    REPORTED = "reported", "Reported"


class TwinChangeQuerySet(ProjectScopedQuerySet):
    project_path = "twin__device__project"


class TwinChange(models.Model):
    """One change of a twin: what became of which keys, who did it and when."""

    twin = models.ForeignKey(Twin, on_delete=models.CASCADE, related_name="changes")
    side = models.CharField(max_length=8, choices=TwinSide)
    version = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+",
        help_text="Empty: the device itself.",
    )  # fmt: skip
    diff = models.JSONField(help_text='By key: {"from": …, "to": …}.')

    objects = TwinChangeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["twin", "-at"], name="twin_change_of_twin")]

    def __str__(self) -> str:
        return f"{self.get_side_display()} {self.version} of {self.twin.device}"
