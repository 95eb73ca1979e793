from typing import ClassVar

from django.db import models

from devices.models.device import Device, Presence
from devices.permissions import ProjectScopedQuerySet


class PresenceSpanQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"


class PresenceSpan(models.Model):
    """From when on a device had a presence: until the next span of the device begins. Written by devices.presence."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="presence_spans", db_index=False)
    presence = models.CharField(max_length=8, choices=Presence)
    since = models.DateTimeField()

    objects = PresenceSpanQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-since", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["device", "since"], name="presence_span_device"),
            models.Index(fields=["since"], name="presence_span_since"),
        ]

    def __str__(self) -> str:
        return f"{self.get_presence_display()} since {self.since}"
