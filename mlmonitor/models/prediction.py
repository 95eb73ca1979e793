from typing import ClassVar

from django.db import models

from devices.models import Device
from mlmonitor import among  # noqa: F401 (a lookup of keys)
from mlmonitor.models.model import MonitoredModel
from mlmonitor.models.version import ModelVersion, OfModelQuerySet


class Prediction(models.Model):
    """One row that a version predicted. `key` is the sender's name for it: sent again, it is the same."""

    model = models.ForeignKey(MonitoredModel, on_delete=models.CASCADE, related_name="predictions")
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="predictions", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    key = models.CharField(max_length=100)
    time = models.DateTimeField()
    received_at = models.DateTimeField()
    label = models.CharField(max_length=100, blank=True)
    value = models.FloatField(null=True)
    score = models.FloatField(null=True)
    segment = models.CharField(max_length=64, blank=True)
    features = models.JSONField(null=True)

    objects = OfModelQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-time", "-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["model", "key"], name="prediction_of_model")]
        indexes: ClassVar = [models.Index(fields=["version", "time"], name="prediction_version_time")]

    def __str__(self) -> str:
        return self.key


class GroundTruth(models.Model):
    """What really happened. It may come before its prediction, long after it, or again: the last word counts."""

    model = models.ForeignKey(MonitoredModel, on_delete=models.CASCADE, related_name="truths", db_index=False)
    key = models.CharField(max_length=100, help_text="The prediction's.")
    label = models.CharField(max_length=100, blank=True)
    value = models.FloatField(null=True)
    received_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)

    objects = OfModelQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name_plural = "ground truth"
        constraints: ClassVar = [models.UniqueConstraint(fields=["model", "key"], name="truth_of_model")]

    def __str__(self) -> str:
        return self.key
