from datetime import timedelta
from typing import ClassVar, Self

from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.urls import reverse
from simple_history.models import HistoricalRecords

from alerts.models import Alert
from devices.models import DeviceType, Project
from devices.permissions import ProjectScopedQuerySet

KEY_PATTERN = r"[a-z0-9][a-z0-9\-]{0,63}"


class Task(models.TextChoices):
    BINARY = "binary", "Two classes"
    MULTICLASS = "multiclass", "Several classes"
    REGRESSION = "regression", "Numbers"
    ANOMALY = "anomaly", "Anomalies"
    FORECAST = "forecast", "Forecasts"


CLASSIFYING = {Task.BINARY, Task.MULTICLASS, Task.ANOMALY}


class Averaging(models.TextChoices):
    BINARY = "binary", "Of the positive class"
    MACRO = "macro", "The classes' mean"
    WEIGHTED = "weighted", "By how often each class comes"


class ModelStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"


class MonitoredModelQuerySet(ProjectScopedQuerySet):
    def active(self) -> Self:
        return self.filter(status=ModelStatus.ACTIVE)


class MonitoredModel(models.Model):
    """A model that predicts something somewhere: what it is for, and how it is to be judged."""

    key = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(rf"^{KEY_PATTERN}\Z", "Lower-case letters, digits and hyphens, 64 at most.")],
        help_text="Its name in addresses.",
    )
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    task = models.CharField(max_length=12, choices=Task)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="monitored_models")
    owner = models.CharField(max_length=100, blank=True, help_text="Who answers for it.")
    device_types = models.ManyToManyField(DeviceType, blank=True, related_name="+")
    tags = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=8, choices=ModelStatus, default=ModelStatus.ACTIVE)
    positive_label = models.CharField(
        max_length=100, blank=True, help_text="Of two classes, the one that is looked for."
    )
    averaging = models.CharField(max_length=8, choices=Averaging, default=Averaging.MACRO)
    unit = models.CharField(max_length=16, blank=True, help_text="Of what is predicted, if it is a number.")
    label_lag_hours = models.PositiveIntegerField(
        default=24, help_text="After so many hours most outcomes are known: figures are final then."
    )
    window_days = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(28)],
        help_text="Whole days that a check looks back on; 7 where weekends differ.",
    )
    keep_features_days = models.PositiveIntegerField(default=90, help_text="Afterwards only their profiles are kept.")
    reads_telemetry = models.BooleanField(
        default=False, help_text="Its features are metrics: profiles are made from what the devices of its types send."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    alerts = GenericRelation(Alert, object_id_field="about_id", content_type_field="about_type")
    objects = MonitoredModelQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        verbose_name = "model"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('models-tab', args=['drift'])}?model={self.key}"

    def clean(self) -> None:
        if self.task in {Task.BINARY, Task.ANOMALY} and not self.positive_label:
            raise ValidationError({"positive_label": "Say which of the two classes is looked for."})
        if not isinstance(self.tags, list) or not all(isinstance(tag, str) for tag in self.tags):
            raise ValidationError({"tags": "Tags are a list of texts."})

    @property
    def is_active(self) -> bool:
        return self.status == ModelStatus.ACTIVE

    @property
    def classifies(self) -> bool:
        return self.task in CLASSIFYING

    @property
    def averages(self) -> str:
        """How figures of classes become one: of two classes, the positive one's counts."""
        return Averaging.BINARY if self.task in {Task.BINARY, Task.ANOMALY} else self.averaging

    @property
    def window(self) -> timedelta:
        return timedelta(days=self.window_days)

    @property
    def label_lag(self) -> timedelta:
        return timedelta(hours=self.label_lag_hours)
