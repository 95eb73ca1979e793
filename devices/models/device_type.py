from datetime import timedelta
from typing import ClassVar

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from simple_history.models import HistoricalRecords

from devices.schemas import validate_schema

METRIC_KEY_PATTERN = r"^[A-Za-z0-9_.\-]{1,64}$"
validate_metric_key = RegexValidator(
    METRIC_KEY_PATTERN, "A key is 1 to 64 letters, digits, dots, dashes or underscores."
)


class MetricKind(models.TextChoices):
    """How values add up (the words are Home Assistant's state classes)."""

    MEASUREMENT = "measurement", "Measurement: the value now"
    TOTAL = "total", "Total: may rise and fall"
    TOTAL_INCREASING = "total_increasing", "Counter: rises, may start again at zero"


class ValueType(models.TextChoices):
    NUMBER = "number", "Number"
    BOOLEAN = "boolean", "Yes or no"
    TEXT = "text", "Short text"


class Widget(models.TextChoices):
    """How the Operations tab shows a metric."""

    GAUGE = "gauge", "Gauge"
    CARD = "card", "Status card"
    HIDDEN = "hidden", "Not shown"


class DeviceType(models.Model):
    """What devices of one make have in common: the metrics they send and how their page shows them."""

    name = models.CharField(max_length=64, unique=True)
    slug = models.SlugField(max_length=64, unique=True)
    description = models.CharField(max_length=200, blank=True)
    icon = models.CharField(
        max_length=40, default="cpu", validators=[RegexValidator(r"^[a-z0-9-]+$")],
        help_text="Name of a lucide icon, as on lucide.dev.",
    )  # fmt: skip
    expected_interval = models.DurationField(
        default=timedelta(seconds=60),
        validators=[MinValueValidator(timedelta(seconds=1))],
        help_text="How often a device of this type sends. It counts as offline after three times as long, "
        "but never before 90 seconds.",
    )
    settings_schema = models.JSONField(
        "schema of the settings",
        default=dict,
        blank=True,
        validators=[validate_schema],
        help_text="JSON Schema of the settings that devices of this type accept. Empty ({}): it has none.",
    )

    retention_class = models.ForeignKey(
        "devices.RetentionClass", on_delete=models.PROTECT, related_name="device_types", null=True, blank=True,
        help_text="How long what these devices send is kept. Empty: as long as their project says.",
    )  # fmt: skip

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class MetricDefinition(models.Model):
    """One metric that devices of a type send, and how it is shown."""

    device_type = models.ForeignKey(DeviceType, on_delete=models.CASCADE, related_name="metrics")
    key = models.CharField(
        max_length=64, validators=[validate_metric_key], help_text="As in messages; nested objects joined with dots."
    )
    label = models.CharField(max_length=64)
    unit = models.CharField(max_length=16, blank=True)
    value_type = models.CharField(max_length=8, choices=ValueType, default=ValueType.NUMBER)
    kind = models.CharField(max_length=16, choices=MetricKind, default=MetricKind.MEASUREMENT)
    minimum = models.FloatField(null=True, blank=True, help_text="Lower end of the gauge.")
    maximum = models.FloatField(null=True, blank=True, help_text="Upper end of the gauge.")
    precision = models.PositiveSmallIntegerField(default=1, help_text="Digits after the decimal point.")
    widget = models.CharField(max_length=8, choices=Widget, default=Widget.CARD)
    headline = models.BooleanField(default=False, help_text="Shown on the device's card in the fleet overview.")
    chart = models.CharField(
        max_length=32, blank=True, help_text="Metrics with the same word here share one chart on the History tab."
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["device_type", "position", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device_type", "key"],
                name="metric_definition_unique",
                violation_error_message="This type already has a metric with that key.",
            ),
            models.CheckConstraint(
                condition=models.Q(minimum__isnull=True)
                | models.Q(maximum__isnull=True)
                | models.Q(minimum__lt=models.F("maximum")),
                name="metric_definition_range",
                violation_error_message="The lower end must be below the upper end.",
            ),
        ]

    def __str__(self) -> str:
        return self.label
