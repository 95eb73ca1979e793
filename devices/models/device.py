import math
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import connection, models
from django.urls import reverse
from simple_history.models import HistoricalRecords

from devices.models.device_type import DeviceType
from devices.models.project import Project, RetentionClass
from devices.permissions import ProjectScopedQuerySet

DEVICE_ID_PATTERN = r"[A-Za-z0-9_.\-]{1,64}"
DEFAULT_EXPECTED_INTERVAL = timedelta(seconds=60)


class Lifecycle(models.TextChoices):
    ACTIVE = "active", "Active"
    DISABLED = "disabled", "Disabled: what it sends is rejected"
    ARCHIVED = "archived", "Archived: kept for its history"


class Presence(models.TextChoices):
    """Whether a device is there. Derived from what it sends (devices.presence), never edited."""

    UNKNOWN = "unknown", "Unknown"
    ONLINE = "online", "Online"
    STALE = "stale", "Stale"
    OFFLINE = "offline", "Offline"


class Way(models.TextChoices):
    """How a device fetches what it is to do."""

    MQTT = "mqtt", "MQTT"
    HTTP = "http", "HTTP: it asks now and then"
    WEBSOCKET = "websocket", "WebSocket"


class ListHolds(models.Func):
    """Whether a JSON list holds a word, on SQLite, which has no `contains` for JSON."""

    template = "EXISTS (SELECT 1 FROM json_each(%(expressions)s))"
    arg_joiner = ") WHERE (value = "
    output_field = models.BooleanField()


class DeviceQuerySet(ProjectScopedQuerySet):
    def in_service(self) -> Self:
        return self.exclude(lifecycle=Lifecycle.ARCHIVED)

    def placed(self) -> Self:
        """Those of which it is known where on the map they are."""
        return self.filter(latitude__isnull=False, longitude__isnull=False)

    def broken(self) -> Self:
        """Those that were heard once and are no longer."""
        return self.filter(presence__in=[Presence.STALE, Presence.OFFLINE])

    def labelled(self, label: str) -> Self:
        if connection.features.supports_json_field_contains:
            return self.filter(labels__contains=[label])
        return self.filter(ListHolds("labels", models.Value(label)))


class Device(models.Model):
    """One thing that sends telemetry: a sensor, a heater, a server, a gateway."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    device_id = models.CharField(
        "device ID",
        max_length=64,
        unique=True,
        validators=[RegexValidator(f"^{DEVICE_ID_PATTERN}$", "1 to 64 letters, digits, dots, dashes or underscores.")],
        help_text="The device's name in topics and addresses. It cannot be changed later.",
    )
    name = models.CharField(max_length=100)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="devices")
    device_type = models.ForeignKey(
        DeviceType, on_delete=models.PROTECT, related_name="devices", null=True, blank=True,
        help_text="Empty: the device's page shows whatever it sends.",
    )  # fmt: skip
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, related_name="children", null=True, blank=True,
        help_text="The gateway or host this device is behind.",
    )  # fmt: skip
    hostname = models.CharField(max_length=255, blank=True)
    ip_address = models.GenericIPAddressField("IP address", null=True, blank=True)
    labels = models.JSONField(
        default=list, blank=True, help_text='A list of short words to find devices by, such as ["cellar", "north"].'
    )
    location = models.CharField(max_length=200, blank=True, help_text="The place in words: what people call it.")
    serial_number = models.CharField(max_length=100, blank=True, help_text="The hardware's own.")
    latitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)], help_text="Degrees north."
    )
    longitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)], help_text="Degrees east."
    )
    lifecycle = models.CharField(max_length=8, choices=Lifecycle, default=Lifecycle.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)

    presence = models.CharField(max_length=8, choices=Presence, default=Presence.UNKNOWN, editable=False)
    # When the silence since last_message changes the presence next; null while nothing is awaited.
    presence_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_connect = models.DateTimeField(null=True, blank=True, editable=False)
    last_disconnect = models.DateTimeField(null=True, blank=True, editable=False)
    last_message = models.DateTimeField(null=True, blank=True, editable=False)
    reached_by = models.CharField(max_length=9, choices=Way, default=Way.MQTT, editable=False)

    objects = DeviceQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=["presence", "presence_due_at", "last_connect", "last_disconnect", "last_message", "reached_by"]
    )

    class Meta:
        ordering: ClassVar = ["name", "device_id"]
        indexes: ClassVar = [
            models.Index(fields=["project", "presence"], name="device_project_presence"),
            models.Index(
                fields=["presence_due_at"],
                name="device_presence_due",
                condition=models.Q(presence_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.device_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """What devices.presence keeps is left alone: it may have changed since this row was read."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            fields = self._meta.concrete_fields
            kwargs["update_fields"] = [field.name for field in fields if field.editable and not field.primary_key]
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("device", args=[self.device_id])

    def clean(self) -> None:
        labels = self.labels
        if not isinstance(labels, list) or not all(isinstance(word, str) and 0 < len(word) <= 40 for word in labels):
            raise ValidationError({"labels": 'Labels are a list of short words, such as ["cellar", "north"].'})
        if (self.latitude is None) != (self.longitude is None):
            raise ValidationError({"latitude": "Give both latitude and longitude, or neither."})
        if not all(math.isfinite(degrees) for degrees in (self.latitude, self.longitude) if degrees is not None):
            raise ValidationError({"latitude": "Latitude and longitude are numbers of degrees."})
        ancestor = self.parent
        while ancestor is not None:
            if ancestor.pk == self.pk:
                raise ValidationError({"parent": "A device cannot be behind itself."})
            ancestor = ancestor.parent
        if self.parent is not None and self.parent.project_id != self.project_id:
            raise ValidationError({"parent": "The parent must belong to the same project."})

    @property
    def expected_interval(self) -> timedelta:
        return self.device_type.expected_interval if self.device_type else DEFAULT_EXPECTED_INTERVAL

    @property
    def retention_class(self) -> RetentionClass:
        """How long what it sends is kept: as its type says, else its project."""
        of_type = self.device_type.retention_class if self.device_type else None
        return of_type or self.project.retention_class

    def silent_for(self, now: datetime) -> timedelta | None:
        """Time since the last message; None if there never was one."""
        return None if self.last_message is None else now - self.last_message
