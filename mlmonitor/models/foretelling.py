from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from devices.models import Device, DeviceType
from devices.models.device_type import validate_metric_key
from devices.permissions import ProjectScopedQuerySet


class Measure(models.TextChoices):
    """What is looked at, day by day."""

    MEAN = "mean", "A metric's mean of the day"
    MINIMUM = "min", "A metric's lowest value of the day"
    MAXIMUM = "max", "A metric's highest value of the day"
    LAST = "last", "A metric's last value of the day"
    HOURLY = "hourly", "A metric's last value of the hour"
    EFFICIENCY = "efficiency", "Water heater: how much warmer a kilowatt-hour makes it"
    NIGHT_FLOW = "night_flow", "Water heater: lowest flow at night"
    CYCLES = "cycles", "Water heater: times it began to heat in a day"
    RECOVERY = "recovery", "Water heater: time to be warm again"
    HEATING_RATE = "heating_rate", "Water heater: how much warmer it gets in an hour"


OF_METRICS = {Measure.MEAN, Measure.MINIMUM, Measure.MAXIMUM, Measure.LAST, Measure.HOURLY}


class HealthIndicator(models.Model):
    """Something that tells how devices of a type wear, and from where on something has to be done about it."""

    device_type = models.ForeignKey(DeviceType, on_delete=models.CASCADE, related_name="health_indicators")
    key = models.SlugField(max_length=32, help_text="Its name in REST and in service records.")
    label = models.CharField(max_length=64)
    unit = models.CharField(max_length=24, blank=True)
    precision = models.PositiveSmallIntegerField(default=1, help_text="Digits after the decimal point.")
    measure = models.CharField(max_length=12, choices=Measure)
    metric_key = models.CharField(
        "metric", max_length=64, blank=True, validators=[validate_metric_key],
        help_text="The key of the metric that is looked at; none for what is worked out from several.",
    )  # fmt: skip
    threshold = models.FloatField(help_text="From here on something has to be done.")
    falls = models.BooleanField("falls towards it", default=False, help_text="Low values are bad, not high ones.")
    action = models.CharField(max_length=200, help_text="What to do about it: “Replace the anode”.")
    position = models.PositiveSmallIntegerField(default=0)
    is_enabled = models.BooleanField("enabled", default=True)

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["device_type", "position", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device_type", "key"],
                name="health_indicator_unique",
                violation_error_message="This type already has an indicator with that key.",
            )
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        if self.measure in OF_METRICS and not self.metric_key:
            raise ValidationError({"metric_key": "Say which metric is looked at."})
        if self.measure not in OF_METRICS and self.metric_key:
            raise ValidationError({"metric_key": "This one is worked out from several metrics: leave it empty."})

    def has_crossed(self, value: float) -> bool:
        return value <= self.threshold if self.falls else value >= self.threshold


class ForecastState(models.TextChoices):
    OK = "ok", "Crossing expected"
    NONE = "none", "No crossing expected"
    PASSED = "passed", "Threshold passed"
    INSUFFICIENT = "insufficient", "Not enough data"
    STALE = "stale", "No recent data"


class Urgency(models.TextChoices):
    NOW = "now", "Now"
    WEEK = "week", "Within 7 days"
    MONTH = "month", "Within 30 days"
    PLAN = "plan", "To be planned"


class OfDeviceQuerySet(ProjectScopedQuerySet):
    project_path = "device__project"


class Forecast(models.Model):
    """When a device is expected to cross an indicator's threshold, as of the last look at it."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="forecasts")
    indicator = models.ForeignKey(HealthIndicator, on_delete=models.CASCADE, related_name="forecasts")
    state = models.CharField(max_length=12, choices=ForecastState)
    made_at = models.DateTimeField()
    data_until = models.DateTimeField(null=True)
    value = models.FloatField(null=True)
    # By then it has happened with 10, 50 and 90 %. Without the last: perhaps never.
    early = models.DateTimeField(null=True)
    median = models.DateTimeField(null=True)
    late = models.DateTimeField(null=True)
    held = models.FloatField(null=True, help_text="The share of earlier forecasts that came true.")
    urgency = models.CharField(max_length=5, choices=Urgency, blank=True)
    # The last days (or hours) of the indicator: [seconds since 1970, value].
    points = models.JSONField(default=list)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snoozed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = OfDeviceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["device", "indicator__position", "pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["device", "indicator"], name="forecast_of_device")]
        indexes: ClassVar = [
            models.Index(fields=["urgency", "early"], name="forecast_urgent", condition=~models.Q(urgency=""))
        ]

    def __str__(self) -> str:
        return f"{self.indicator} of {self.device}"

    @property
    def expires_at(self) -> datetime:
        """Until when it may be acted on: it is made anew every hour while there is data."""
        return self.made_at + timedelta(days=1)

    def is_snoozed(self, now: datetime) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > now

    def asks(self, now: datetime) -> bool:
        """Whether something is to be done, and has not been put off."""
        return bool(self.urgency) and not self.is_snoozed(now)


def validate_has_come(time: datetime) -> None:
    """Clocks differ by a little."""
    if time > timezone.now() + timedelta(minutes=1):
        raise ValidationError("A service that is still to come cannot be recorded.")


class ServiceRecord(models.Model):
    """Something was done to a device: what wears begins anew with it."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="service_records")
    indicator = models.ForeignKey(
        HealthIndicator, on_delete=models.SET_NULL, null=True, blank=True, related_name="service_records",
        help_text="What it renewed; none if that is nothing that is forecast.",
    )  # fmt: skip
    done_at = models.DateTimeField(default=timezone.now, validators=[validate_has_come])
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfDeviceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-done_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.indicator or 'Service'} of {self.device}"
