from typing import ClassVar

from django.db import models

from devices.models import Device
from devices.permissions import ProjectScopedQuerySet
from telemetry.reasons import Reason


class LedgerQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"


class LedgerHour(models.Model):
    """What became of everything one sender sent in one hour, counted in items.

    An item is one value of a readable message, or one whole message that could not be taken apart (unreadable,
    or of an unknown device). Always: received = stored + duplicate + rejected + quarantined.
    `sender` is the device ID, or empty for all senders without a registered device together.
    """

    sender = models.CharField(max_length=64, blank=True)
    device = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, blank=True, related_name="ledger")
    hour = models.DateTimeField(help_text="Start of the hour in which the items arrived.")
    received = models.PositiveBigIntegerField(default=0)
    stored = models.PositiveBigIntegerField(default=0)
    duplicate = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    quarantined = models.PositiveBigIntegerField(default=0)

    # Of the messages that brought something new and told a time of their own: how many came late, and by how many
    # seconds the clocks of the others were ahead of the portal's (less than nothing: behind, or on the way so long).
    late = models.PositiveIntegerField(default=0)
    clocked = models.PositiveIntegerField(default=0)
    ahead_sum = models.FloatField(default=0.0)
    ahead_min = models.FloatField(null=True)
    ahead_max = models.FloatField(null=True)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-hour", "sender"]
        verbose_name = "ledger hour"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sender", "hour"], name="ledger_hour_unique"),
            models.CheckConstraint(
                condition=models.Q(
                    received=models.F("stored") + models.F("duplicate") + models.F("rejected") + models.F("quarantined")
                ),
                name="ledger_hour_balances",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-hour"], name="ledger_hour_latest")]

    def __str__(self) -> str:
        return f"{self.sender or 'unknown devices'}, {self.hour:%Y-%m-%d %H:00}"


class RejectionCount(models.Model):
    """The rejected items of a ledger hour, by reason."""

    sender = models.CharField(max_length=64, blank=True)
    hour = models.DateTimeField()
    reason = models.CharField(max_length=32, choices=Reason)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-hour", "sender", "reason"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sender", "hour", "reason"], name="rejection_count_unique")
        ]

    def __str__(self) -> str:
        return f"{self.sender or 'unknown devices'}, {self.hour:%Y-%m-%d %H:00}: {self.count} {self.reason}"
