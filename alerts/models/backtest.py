from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from alerts.models.rule import AlertRule
from devices.permissions import ProjectScopedQuerySet


class BacktestStatus(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class BacktestQuerySet(ProjectScopedQuerySet):
    project_path = "rule__project"


class Backtest(models.Model):
    """What a rule would have raised in the last days, played through the evaluator that raises alerts."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="backtests")
    revision = models.PositiveIntegerField(help_text="Of the rule that was played.")
    days = models.PositiveSmallIntegerField(default=7, validators=[MinValueValidator(1), MaxValueValidator(30)])
    status = models.CharField(max_length=8, choices=BacktestStatus, default=BacktestStatus.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent of the devices.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    # One entry for each time an alert would have been open: device, severity, from, to (null: it still would be).
    episodes = models.JSONField(default=list)
    fires = models.PositiveIntegerField(default=0)
    devices = models.PositiveIntegerField(default=0, help_text="Devices that would have had an alert.")
    devices_played = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0, help_text="Time that alerts would have been open, of all devices together.")

    objects = BacktestQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [models.CheckConstraint(condition=Q(days__gte=1, days__lte=30), name="backtest_days")]

    def __str__(self) -> str:
        return f"{self.rule}: the last {self.days} days"
