from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from devices.permissions import ProjectScopedQuerySet
from reports.models.run import Run
from reports.models.schedule import Schedule


class Purpose(models.TextChoices):
    REPORT = "report", "The report"
    TEST = "test", "A test"
    FAILURE = "failure", "That it failed"


class DeliveryStatus(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENT = "sent", "Sent"
    DROPPED = "dropped", "Not needed any more"
    DEAD = "dead", "Given up"


class DeliveryQuerySet(ProjectScopedQuerySet):
    project_path = "schedule__template__project"


class Delivery(models.Model):
    """One mail to one recipient about one slot of a schedule: the database lets there be no second one.

    Whoever sends it claims it first (`claimed_at`), so that no two do.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="deliveries")
    slot = models.DateTimeField()
    purpose = models.CharField(max_length=7, choices=Purpose, default=Purpose.REPORT)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="deliveries")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+",
        help_text="Empty: an address alone.",
    )  # fmt: skip
    address = models.CharField(max_length=254, help_text="Where it goes.")
    status = models.CharField(max_length=7, choices=DeliveryStatus, default=DeliveryStatus.QUEUED)
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True, help_text="What failed, where that is what is told.")
    answer = models.CharField(max_length=300, blank=True, help_text="What the mail server said last.")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schedule", "slot", "purpose", "address"], name="report_delivered_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="report_delivery_due", condition=Q(status="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} to {self.address or self.user}"

    @property
    def is_open(self) -> bool:
        return self.status == DeliveryStatus.QUEUED
