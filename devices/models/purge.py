from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from devices.models.device import Device
from devices.models.project import Project
from devices.permissions import ProjectScopedQuerySet


class PurgeQuerySet(ProjectScopedQuerySet):
    pass


class Purge(models.Model):
    """A device that goes with everything it has sent: the request, how far it is, and in the end the receipt."""

    target = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, related_name="purges")
    device_id = models.CharField("device ID", max_length=64)
    name = models.CharField(max_length=100)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="purges")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    total = models.PositiveBigIntegerField(null=True, help_text="Rows, as counted when it began.")
    gone = models.JSONField(default=dict, help_text="Rows that went, by what they were.")
    touched_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = PurgeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target"], condition=models.Q(finished_at=None), name="purge_one_at_a_time_of_a_device"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.device_id})"

    @property
    def rows(self) -> int:
        return sum(self.gone.values())

    @property
    def percent(self) -> int:
        if self.finished_at:
            return 100
        return min(99, self.rows * 100 // self.total) if self.total else 0
