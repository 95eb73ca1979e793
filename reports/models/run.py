from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from devices.models import Project
from devices.permissions import AnyUser, ProjectScopedQuerySet
from reports.models.schedule import Schedule
from reports.models.template import Format, ReportTemplate


class RunStatus(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Being made"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


# What is shown of them, and as what.
PARAMETERS = {
    "range": "Time",
    "from": "From",
    "to": "To",
    "time_zone": "Time zone",
    "projects": "Projects",
    "devices": "Devices",
    "models": "Models",
    "sections": "Parts",
    "resolution": "Resolution",
}
OPEN = (RunStatus.QUEUED, RunStatus.RUNNING)


def private_folder() -> Storage:
    return FileSystemStorage(settings.REPORTS_DIR, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def stored_name(run: "Run", name: str) -> str:
    """Another one each time: whoever makes it a second time does not write into what somebody is reading."""
    return f"{run.pk}-{uuid4().hex[:8]}.{run.format}"


class RunQuerySet(ProjectScopedQuerySet):
    def where_user_may(self, user: AnyUser, permission: str) -> Self:
        """The permission counts in the run's own project; the others that it shows have to be visible, too."""
        rows = super().where_user_may(user, permission)
        if getattr(user, "is_superuser", False):
            return rows
        return rows.exclude(also__in=Project.objects.exclude(pk__in=Project.objects.visible_to(user).values("pk")))

    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def to_be_made(self, now: datetime) -> Self:
        """Those that nobody makes: new ones, and those of workers that are gone."""
        return self.open().filter(Q(leased_until=None) | Q(leased_until__lt=now))


class Run(models.Model):
    """A report made once. The row stays when its file has been thrown away.

    Whoever makes it holds it until `leased_until`, and renews that as it goes on.
    """

    uuid = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="report_runs")
    also = models.ManyToManyField(Project, blank=True, related_name="+", help_text="Other projects that it shows.")
    template = models.ForeignKey(ReportTemplate, on_delete=models.SET_NULL, null=True, related_name="runs")
    schedule = models.ForeignKey(Schedule, on_delete=models.SET_NULL, null=True, related_name="runs")
    slot = models.DateTimeField(null=True, help_text="When the schedule was due.")
    kind = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    said = models.JSONField("parameters", default=dict)
    format = models.CharField(max_length=4, choices=Format)
    as_of = models.DateTimeField(default=timezone.now, help_text="What relative ranges count from.")
    status = models.CharField(max_length=9, choices=RunStatus, default=RunStatus.QUEUED)
    percent = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    is_empty = models.BooleanField(default=False, help_text="There was nothing to report.")
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="report_runs",
        help_text="With whose rights it is made.",
    )  # fmt: skip
    requested_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    file = models.FileField(storage=private_folder, upload_to=stored_name, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(null=True, help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True, help_text="When its file is thrown away.")

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-requested_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["schedule", "slot"], condition=Q(schedule__isnull=False), name="report_run_once_a_slot"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "-requested_at"], name="report_run_project_time"),
            models.Index(
                fields=["requested_at"], name="report_run_open", condition=Q(status__in=["queued", "running"])
            ),
            models.Index(fields=["expires_at"], name="report_run_expires", condition=~Q(file="")),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("report", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def has_file(self) -> bool:
        return self.status == RunStatus.DONE and bool(self.file)

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Of what it is, in words."""
        said = {name: self.said.get(name) for name in PARAMETERS}
        return [
            (PARAMETERS[name], ", ".join(map(str, value)) if isinstance(value, list) else str(value))
            for name, value in said.items()
            if value
        ]

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    def note(self, **values: Any) -> None:
        """Write down about this row what the database is to know of it."""
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=list(values))
