from dataclasses import dataclass
from typing import ClassVar, Self

from django.db import models

from devices.models import Device
from devices.permissions import ProjectScopedQuerySet
from telemetry.reasons import Reason


class Door(models.TextChoices):
    """By which way a message came in."""

    MQTT = "mqtt", "MQTT"
    HTTP = "http", "HTTP"
    WEBSOCKET = "websocket", "WebSocket"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was wrong with a message, in the words that its sender was told: `count` values of it."""

    reason: str
    key: str
    detail: str
    count: int

    @property
    def sentence(self) -> str:
        return Reason(self.reason).label if self.reason in Reason else self.reason


class RejectedMessageQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"

    def because_of(self, reason: str) -> Self:
        return self.filter(items__icontains=f'"reason": "{reason}"')


class RejectedMessage(models.Model):
    """A message of which something was rejected, kept so that it can be taken in again once the cause is mended.

    The newest ones of each sender are kept (telemetry.rejected); the counts of all of them are in the ledger.
    """

    sender = models.CharField(max_length=64, blank=True, help_text="The device ID as the sender gave it.")
    device = models.ForeignKey(
        Device, on_delete=models.CASCADE, null=True, blank=True, related_name="rejected_messages"
    )
    door = models.CharField(max_length=9, choices=Door)
    received_at = models.DateTimeField()
    body = models.BinaryField()
    is_whole = models.BooleanField(
        "whole", default=True, help_text="Only the beginning is kept of what could not be taken in again anyway."
    )
    # [{"reason": "too_old", "key": "temperature", "detail": "…", "count": 1}], not more than telemetry.rejected keeps.
    items = models.JSONField(default=list, editable=False)
    # What the ledger says of it, by the sender whose page it is: {"sensor": {"taken": 2, "rejected": {"too_old": 1}}}
    booked = models.JSONField(default=dict, editable=False)

    objects = RejectedMessageQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-received_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["-received_at", "-id"], name="rejected_message_latest"),
            models.Index(fields=["sender", "-id"], name="rejected_message_by_sender"),
        ]

    def __str__(self) -> str:
        return f"{self.sender} at {self.received_at:%Y-%m-%d %H:%M:%S}"

    @property
    def problems(self) -> list[Problem]:
        return [Problem(**item) for item in self.items]


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
