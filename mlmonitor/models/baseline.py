from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from devices.permissions import ProjectScopedQuerySet
from mlmonitor.models.version import FeatureKind, ModelVersion, OfVersionQuerySet


class BaselineKind(models.TextChoices):
    TRAINING = "training", "Training data"
    VALIDATION = "validation", "Validation data"
    PRODUCTION = "production", "A window of production"


class Baseline(models.Model):
    """What a version is compared with: never changed, only followed by another. The newest one counts."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="baselines")
    kind = models.CharField(max_length=10, choices=BaselineKind)
    start = models.DateTimeField(null=True, blank=True, help_text="Of a window of production.")
    end = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField()
    # What mlmonitor.statistics.outcomes says of the rows whose outcomes were given.
    outcomes = models.JSONField(default=dict)
    outcomes_by_segment = models.JSONField(default=dict)
    dependence = models.FloatField(
        default=1.0, help_text="How many rows in a row tell of errors as much as one that is independent of the others."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    objects = OfVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.version}"

    def outcomes_of(self, segment: str = "") -> dict[str, Any]:
        return self.outcomes_by_segment.get(segment, {}) if segment else self.outcomes

    def profiles_of(self, segment: str = "") -> "dict[str, FeatureProfile]":
        """By feature; without a segment of all rows. Those of segments have the same bins."""
        return {profile.feature: profile for profile in self.profiles.filter(segment=segment)}


class OfBaselineQuerySet(ProjectScopedQuerySet):
    project_path = "baseline__version__model__project"


class FeatureProfile(models.Model):
    """One feature of a baseline: its bins, its profile in them, and how much its own chunks differ.

    `outcomes` says how often which outcome came in each of the compared bins (mlmonitor.concept).
    """

    baseline = models.ForeignKey(Baseline, on_delete=models.CASCADE, related_name="profiles", db_index=False)
    segment = models.CharField(max_length=64, blank=True)
    feature = models.CharField(max_length=100)
    kind = models.CharField(max_length=11, choices=FeatureKind)
    bins = models.JSONField(help_text="Edges of a number's bins, or the names of categories.")
    profile = models.JSONField()
    spreads = models.JSONField(default=dict)
    outcomes = models.JSONField(default=dict)

    objects = OfBaselineQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["feature"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["baseline", "segment", "feature"], name="profile_of_baseline")
        ]

    def __str__(self) -> str:
        return f"{self.feature}, {self.baseline}"
