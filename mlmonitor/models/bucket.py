from typing import ClassVar

from django.db import models

from mlmonitor.models.baseline import Baseline, OfBaselineQuerySet
from mlmonitor.models.version import ModelVersion, OfVersionQuerySet


class ProfileBucket(models.Model):
    """One feature in one hour, in the bins of a baseline. Buckets of any hours add up."""

    baseline = models.ForeignKey(Baseline, on_delete=models.CASCADE, related_name="buckets", db_index=False)
    hour = models.DateTimeField()
    segment = models.CharField(max_length=64, blank=True)
    feature = models.CharField(max_length=100)
    profile = models.JSONField()

    objects = OfBaselineQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["hour", "feature"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["baseline", "hour", "segment", "feature"], name="profile_bucket")
        ]

    def __str__(self) -> str:
        return f"{self.feature} from {self.hour:%Y-%m-%d %H:%M}"


class PerformanceBucket(models.Model):
    """How good an hour's predictions were, as sums that add up (mlmonitor.statistics.outcomes).

    Always made anew from all of the hour's rows, so that the order in which they came makes no difference.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="performance", db_index=False)
    hour = models.DateTimeField()
    segment = models.CharField(max_length=64, blank=True)
    predicted = models.PositiveIntegerField(default=0)
    labelled = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(default=dict)
    is_dirty = models.BooleanField(default=True, help_text="Rows came that it does not know of.")

    objects = OfVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["hour"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "hour", "segment"], name="performance_bucket")
        ]
        indexes: ClassVar = [models.Index(fields=["hour"], name="performance_dirty", condition=models.Q(is_dirty=True))]

    def __str__(self) -> str:
        return f"{self.version} from {self.hour:%Y-%m-%d %H:%M}"
