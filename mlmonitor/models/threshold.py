from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from devices.permissions import AnyUser, ProjectScopedQuerySet
from mlmonitor.models.model import MonitoredModel
from mlmonitor.models.version import ModelVersion


class Monitored(models.TextChoices):
    """What a threshold can be set on, and which way is worse."""

    PSI = "psi", "PSI of a feature"
    ACCURACY = "accuracy", "Accuracy"
    PRECISION = "precision", "Precision"
    RECALL = "recall", "Recall"
    F1 = "f1", "F1"
    MAE = "mae", "Mean absolute error"
    RMSE = "rmse", "Root mean square error"


class MonitorThresholdQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def visible_to(self, user: AnyUser) -> Self:
        """Those of all models concern everybody."""
        if not user.is_active or user.is_anonymous:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(Q(model=None) | Q(model__in=MonitoredModel.objects.visible_to(user)))


class MonitorThreshold(models.Model):
    """From which value on something is medium, high or critical. The most particular one counts.

    Of a feature, of a version, of a model, of all models. For PSI limits are distances; for figures that are better
    when higher, how far below the baseline (0.02 are 2 points); for errors, by what share above it.
    """

    model = models.ForeignKey(
        MonitoredModel, on_delete=models.CASCADE, null=True, blank=True, related_name="thresholds",
        help_text="Empty: of all models, and superusers change it.",
    )  # fmt: skip
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    feature = models.CharField(max_length=100, blank=True)
    metric = models.CharField(max_length=10, choices=Monitored)
    medium = models.FloatField()
    high = models.FloatField()
    critical = models.FloatField()
    floor = models.FloatField(
        null=True, blank=True, help_text="Worse than this is high, whatever the baseline was. For errors a ceiling."
    )

    objects = MonitorThresholdQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["metric", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["metric"], condition=Q(model=None), name="threshold_of_all",
                violation_error_message="There is a threshold for this already: change that one.",
            ),
            models.UniqueConstraint(
                fields=["model", "feature", "metric"], condition=Q(version=None), name="threshold_of_model",
                violation_error_message="There is a threshold for this already: change that one.",
            ),
            models.UniqueConstraint(
                fields=["version", "feature", "metric"], name="threshold_of_version",
                violation_error_message="There is a threshold for this already: change that one.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        of = self.feature or self.version or self.model or "all models"
        return f"{self.get_metric_display()} of {of}"

    def clean(self) -> None:
        errors: dict[str, Any] = {}
        if not 0 < self.medium <= self.high <= self.critical:
            errors["medium"] = "Limits rise from medium to critical, and are above 0."
        if self.version is not None and self.version.model_id != self.model_id:
            errors["version"] = "The version is of another model."
        if self.feature and (self.metric != Monitored.PSI or self.model is None):
            errors["feature"] = "Only a PSI is of a feature, and then of one model's."
        if errors:
            raise ValidationError(errors)
