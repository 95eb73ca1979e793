from typing import ClassVar

from django.db import models
from simple_history.models import HistoricalRecords

from devices.models import Project
from devices.permissions import ProjectScopedQuerySet


class Letterhead(models.Model):
    """Whose reports a project's are: what stands on their covers."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="letterhead")
    organisation = models.CharField(max_length=60, blank=True, help_text="Stands at the top of the cover.")
    language = models.CharField(max_length=10, blank=True, help_text="Of its reports. Empty: of whoever asks for them.")
    logo = models.BinaryField(blank=True)

    objects = ProjectScopedQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["logo"])

    class Meta:
        ordering: ClassVar = ["project"]

    def __str__(self) -> str:
        return f"Letterhead of {self.project}"
