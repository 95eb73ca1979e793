from typing import Any, ClassVar

from django.db import models

from devices.models import Device, MetricKind, ValueType
from devices.models.device_type import validate_metric_key
from devices.permissions import ProjectScopedQuerySet


class MetricQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"


class Metric(models.Model):
    """One series of one device. It appears with the first value of a new key and keeps the latest value."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="metrics")
    key = models.CharField(max_length=64, validators=[validate_metric_key])
    label = models.CharField(max_length=64)
    unit = models.CharField(max_length=16, blank=True)
    value_type = models.CharField(max_length=8, choices=ValueType, default=ValueType.NUMBER)
    kind = models.CharField(max_length=16, choices=MetricKind, default=MetricKind.MEASUREMENT)

    # The newest reading by its own time. Booleans are 0 and 1, texts are in last_text.
    last_value = models.FloatField(null=True, blank=True, editable=False)
    last_text = models.CharField(max_length=255, blank=True, editable=False)
    last_time = models.DateTimeField(null=True, blank=True, editable=False)
    # Whose midnights its daily rollups are cut at (telemetry.rollups); empty before the first.
    day_zone = models.CharField(max_length=64, blank=True, editable=False)

    objects = MetricQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["device", "key"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["device", "key"], name="metric_unique")]

    def __str__(self) -> str:
        return f"{self.device}: {self.label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The newest reading is left alone: ingest may have noted another since this row was read."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            fields = self._meta.concrete_fields
            kwargs["update_fields"] = [field.name for field in fields if field.editable and not field.primary_key]
        super().save(*args, **kwargs)

    @property
    def latest(self) -> float | bool | str | None:
        """The newest value in its own type; None before the first."""
        return None if self.last_time is None else in_its_type(self.value_type, self.last_value, self.last_text)


def in_its_type(value_type: str, number: float | None, text: str) -> float | bool | str | None:
    """A value as it was sent: booleans are stored as 0 and 1."""
    if value_type == ValueType.TEXT:
        return text
    return bool(number) if value_type == ValueType.BOOLEAN else number
