from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from simple_history.models import HistoricalRecords
from timezone_field import TimeZoneField

from devices.permissions import ProjectScopedQuerySet, Role


class RetentionClass(models.Model):
    """How long readings and their rollups are kept. Daily rollups are kept for ever.

    What is older than `raw_days` is also refused on arrival: rollups of it could not be made any more.
    """

    name = models.CharField(max_length=64, unique=True)
    raw_days = models.PositiveIntegerField(
        "raw readings, days",
        default=30,
        validators=[MinValueValidator(1)],
        help_text="Readings with a time further back than this are rejected as too old.",
    )
    five_minute_days = models.PositiveIntegerField(
        "five-minute rollups, days", default=180, help_text="At least as long as raw readings."
    )
    hourly_days = models.PositiveIntegerField(
        "hourly rollups, days", default=730, help_text="At least as long as five-minute rollups."
    )

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "retention classes"

    def __str__(self) -> str:
        return f"{self.name} (raw {self.raw_days} d)"

    @property
    def raw(self) -> timedelta:
        return timedelta(days=self.raw_days)


def default_retention_class() -> int:
    return RetentionClass.objects.get_or_create(name="Standard")[0].pk


class Provisioning(models.TextChoices):
    """What happens when a device nobody registered sends."""

    CLOSED = "closed", "Closed: its messages wait in quarantine"
    KEY = "key", "By key: it is registered if it shows a provisioning key; all else waits in quarantine"
    OPEN = "open", "Open: it is registered here (development and demonstration only)"


class ProjectQuerySet(ProjectScopedQuerySet):
    project_path = "pk"


class Project(models.Model):
    """Whose devices: the unit of membership, time zone and retention."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=64, unique=True, help_text="The project's name in addresses.")
    time_zone = TimeZoneField(
        default="UTC",
        choices_display="WITH_GMT_OFFSET",
        help_text="Days begin and end in this zone on charts and reports.",
    )
    retention_class = models.ForeignKey(
        RetentionClass, on_delete=models.PROTECT, related_name="projects", default=default_retention_class
    )
    provisioning = models.CharField(max_length=16, choices=Provisioning, default=Provisioning.CLOSED)
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="projects")

    objects = ProjectQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.F("provisioning"),
                condition=models.Q(provisioning=Provisioning.OPEN),
                name="project_one_open",
                violation_error_message="Another project already takes unknown devices; only one can.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(ProjectScopedQuerySet):
    pass


class Membership(models.Model):
    """One person's role in one project."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.VIEWER)

    objects = MembershipQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["project__name", "user__username"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "project"],
                name="membership_unique",
                violation_error_message="This person is already a member of the project.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.project}"
