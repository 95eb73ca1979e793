from typing import ClassVar

from django.db import models

from devices.permissions import ProjectScopedQuerySet
from telemetry.models.metric import Metric


class OwedEvaluationQuerySet(ProjectScopedQuerySet):
    project_path = "metric__device__project"


class OwedEvaluation(models.Model):
    """Readings of one metric that an evaluator failed on: it is called with them again (telemetry.evaluators)."""

    evaluator = models.CharField(max_length=200)
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="owed_evaluations")
    # The readings from the first to the last, both included; some between them may have been evaluated.
    first = models.DateTimeField()
    last = models.DateTimeField()
    received_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    error = models.CharField(max_length=255, blank=True)

    objects = OwedEvaluationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["due_at", "pk"]
        verbose_name = "owed evaluation"
        constraints: ClassVar = [models.UniqueConstraint(fields=["evaluator", "metric"], name="owed_evaluation_unique")]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="owed_evaluation_due")]

    def __str__(self) -> str:
        return f"{self.evaluator.rpartition('.')[2]}: {self.metric}"
