from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.urls import reverse

from alerts import evaluator
from alerts.models.rule import AlertRule
from devices.models import Device, Project
from devices.permissions import ProjectScopedQuerySet


class Severity(models.TextChoices):
    CRITICAL = evaluator.Severity.CRITICAL, "Critical"
    HIGH = evaluator.Severity.HIGH, "High"
    MEDIUM = evaluator.Severity.MEDIUM, "Medium"
    LOW = evaluator.Severity.LOW, "Low"


class AlertStatus(models.TextChoices):
    FIRING = "firing", "Firing"
    RECOVERING = "recovering", "Recovering"
    NO_DATA = "no_data", "No data"
    RESOLVED = "resolved", "Resolved"


class EventKind(models.TextChoices):
    OPENED = "opened", "Opened"
    ESCALATED = "escalated", "Became worse"
    DEESCALATED = "deescalated", "Became better"
    RECOVERING = "recovering", "Recovering"
    RELAPSED = "relapsed", "Fell back"
    NO_DATA = "no_data", "No fresh data"
    RESOLVED = "resolved", "Resolved"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    ASSIGNED = "assigned", "Assigned"
    COMMENTED = "commented", "Comment"
    SNOOZED = "snoozed", "Snoozed"
    HELD = "held", "Others are held under it"
    NOTIFIED = "notified", "Notified"


class AlertQuerySet(ProjectScopedQuerySet):
    def open(self) -> Self:
        return self.filter(resolved_at=None)


class Alert(models.Model):
    """Something that was wrong, from when it fired until it was resolved. A re-fire is a new one.

    It is about a device, or (`about`) about a row of another app, which raises it itself (alerts.raising) and says by
    `topic` what of it.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.SET_NULL, null=True, related_name="alerts")
    rule_name = models.CharField(max_length=100)
    rule_revision = models.PositiveIntegerField()
    device = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts")
    about_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, null=True, editable=False, related_name="+")
    about_id = models.PositiveBigIntegerField(null=True, editable=False)
    about = GenericForeignKey("about_type", "about_id")
    topic = models.CharField(max_length=200, blank=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="alerts")
    severity = models.CharField(max_length=8, choices=Severity)
    worst_severity = models.CharField(max_length=8, choices=Severity)
    status = models.CharField(max_length=10, choices=AlertStatus, default=AlertStatus.FIRING)
    is_about_absence = models.BooleanField(default=False, help_text="Devices behind this one may be held under it.")
    message = models.CharField(max_length=500)
    what = models.CharField(max_length=200, help_text="What was measured.")
    value = models.CharField(max_length=255, blank=True, help_text="What it came to when it fired, or last got worse.")
    limit = models.CharField(max_length=255, blank=True)
    event_time = models.DateTimeField(help_text="When the reading was taken that raised it.")
    received_at = models.DateTimeField(help_text="When the portal knew.")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="Empty: it resolved by itself.",
    )  # fmt: skip
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_alerts"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-event_time", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "device"], condition=models.Q(resolved_at=None), name="one_open_alert"
            ),
            models.UniqueConstraint(
                fields=["about_type", "about_id", "topic"],
                condition=models.Q(resolved_at=None, about_id__isnull=False),
                name="one_open_alert_about",
            ),
            models.CheckConstraint(
                condition=models.Q(device__isnull=False) ^ models.Q(about_id__isnull=False),
                name="alert_about_one_thing",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "-event_time"], name="alert_project_time"),
            models.Index(fields=["device", "-event_time"], name="alert_device_time"),
            models.Index(fields=["about_type", "about_id", "-event_time"], name="alert_about_time"),
            models.Index(fields=["project", "severity"], name="alert_open", condition=models.Q(resolved_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.rule_name}: {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("alert", args=[self.pk])

    @property
    def subject(self) -> Any:
        """What it is about: a page can name it and, by get_absolute_url, lead to it."""
        return self.device or self.about

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class AlertEvent(models.Model):
    """One entry of an alert's timeline."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=EventKind)
    severity = models.CharField(max_length=8, choices=Severity, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering: ClassVar = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.alert}"
