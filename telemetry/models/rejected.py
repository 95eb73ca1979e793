from typing import ClassVar

from django.db import models

from devices.models import Device
from devices.permissions import ProjectScopedQuerySet
from telemetry.reasons import Reason


class Door(models.TextChoices):
    """By which way a message came in."""

    MQTT = "mqtt", "MQTT"
    HTTP = "http", "HTTP"
    WEBSOCKET = "websocket", "WebSocket"


class RejectedItemQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"


class RejectedItem(models.Model):
    """A sample of what was rejected and why, for whoever has to mend the sender; the counts are in the ledger."""

    sender = models.CharField(max_length=64, blank=True, help_text="The device ID as the sender gave it.")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, blank=True, related_name="rejected_items")
    door = models.CharField(max_length=9, choices=Door)
    received_at = models.DateTimeField()
    reason = models.CharField(max_length=32, choices=Reason)
    key = models.CharField(max_length=64, blank=True, help_text="The metric's key; empty when it is the whole message.")
    detail = models.CharField(max_length=255, blank=True)
    excerpt = models.CharField(max_length=255, blank=True, help_text="The beginning of the message.")

    objects = RejectedItemQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-received_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["-received_at"], name="rejected_item_latest")]

    def __str__(self) -> str:
        return f"{self.sender} {self.key}: {self.get_reason_display()}"


class QuarantinedMessage(models.Model):
    """A message of a device nobody registered, kept whole until an administrator accepts or ignores the device."""

    sender = models.CharField(max_length=64)
    door = models.CharField(max_length=9, choices=Door)
    received_at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["-received_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["sender", "-received_at"], name="quarantine_by_sender")]

    def __str__(self) -> str:
        return f"{self.sender} at {self.received_at:%Y-%m-%d %H:%M:%S}"
