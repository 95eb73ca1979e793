from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from devices.permissions import ProjectScopedQuerySet
from mlmonitor.models.model import MonitoredModel


class Alias(models.TextChoices):
    CHAMPION = "champion", "Champion"
    CHALLENGER = "challenger", "Challenger"


class OfModelQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"


class ModelVersion(models.Model):
    model = models.ForeignKey(MonitoredModel, on_delete=models.CASCADE, related_name="versions")
    name = models.CharField("version", max_length=64)
    alias = models.CharField(max_length=10, choices=Alias, blank=True, editable=False)
    framework = models.CharField(max_length=64, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Of HDDM_A (mlmonitor.statistics.stream): what it remembers of the errors up to `errors_until`.
    errors_seen = models.JSONField(default=dict, editable=False)
    errors_until = models.DateTimeField(null=True, editable=False)

    objects = OfModelQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["model", "name"], name="version_of_model"),
            models.UniqueConstraint(fields=["model", "alias"], condition=~Q(alias=""), name="one_version_for_an_alias"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.name}"


class OfVersionQuerySet(ProjectScopedQuerySet):
    project_path = "version__model__project"


class Deployment(models.Model):
    """From when to when a version held an alias. Entries are added and ended, never changed."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="deployments")
    alias = models.CharField(max_length=10, choices=Alias)
    deployed_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=150, blank=True)

    objects = OfVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-deployed_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.version} as {self.alias}"


class FeatureKind(models.TextChoices):
    NUMERIC = "numeric", "Number"
    CATEGORICAL = "categorical", "Category"
    BOOLEAN = "boolean", "Yes or no"


class Feature(models.Model):
    """An input of a version, of a declared type: types are never guessed from what comes in."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="features")
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=11, choices=FeatureKind, default=FeatureKind.NUMERIC)
    unit = models.CharField(max_length=16, blank=True)
    importance = models.FloatField(default=1.0, validators=[MinValueValidator(0), MaxValueValidator(1e6)])
    is_monitored = models.BooleanField("monitored", default=True)

    objects = OfVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-importance", "key"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "key"], name="feature_of_version")]

    def __str__(self) -> str:
        return self.key
