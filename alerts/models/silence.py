from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from alerts.models.rule import AlertRule
from devices.models import Device, DeviceType, Project
from devices.permissions import ProjectScopedQuerySet


class SilenceQuerySet(ProjectScopedQuerySet):
    def at(self, moment: datetime) -> Self:
        return self.filter(starts_at__lte=moment, ends_at__gt=moment)


class Silence(models.Model):
    """While it lasts, nobody is told of the alerts that fit all of what is given. They are raised all the same."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="silences")
    reason = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, null=True, blank=True, related_name="silences")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, blank=True, related_name="silences")
    device_type = models.ForeignKey(DeviceType, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    label = models.CharField(max_length=40, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SilenceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-starts_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="silence_ends_after_it_starts",
                violation_error_message="A silence ends after it starts.",
            )
        ]

    def __str__(self) -> str:
        return self.reason

    def end(self, now: datetime) -> None:
        """It is over now; one that has not begun never was."""
        if self.starts_at >= now:
            self.delete()
        else:
            self.ends_at = min(self.ends_at, now)
            self.save(update_fields=["ends_at"])

    def clean(self) -> None:
        for name in ("rule", "device"):
            other = getattr(self, name)
            if other is not None and other.project_id not in {None, self.project_id}:
                raise ValidationError({name: "It belongs to another project."})
