from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from simple_history.models import HistoricalRecords

from devices.models import Project
from devices.permissions import AnyUser, ProjectScopedQuerySet
from reports.kinds import KINDS
from reports.question import read


class Format(models.TextChoices):
    PDF = "pdf", "PDF"
    CSV = "csv", "CSV"
    JSON = "json", "JSON"
    XLSX = "xlsx", "Excel"


class ReportTemplateQuerySet(ProjectScopedQuerySet):
    pass


class ReportTemplate(models.Model):
    """A report that is made again and again: of what, and as which file. Its range is relative, or always the same."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="report_templates")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=32)
    said = models.JSONField("parameters", default=dict, blank=True, help_text="As reports.asked reads them.")
    format = models.CharField(max_length=4, choices=Format, default=Format.PDF)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReportTemplateQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="report_template_unique",
                violation_error_message="The project has a template of that name. Give it another one.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('report-new')}?template={self.pk}"

    @property
    def parameters(self) -> dict[str, Any]:
        """What is asked for when it is made: of its own project, and of those that are said beside it."""
        return {**self.said, "kind": self.kind, "project": self.project.slug}

    @property
    def kind_in_words(self) -> str:
        return str(KINDS[self.kind].label) if self.kind in KINDS else self.kind

    def check_parameters(self, user: AnyUser) -> None:
        """Raises what reports.question.read does, if no report can be made by them with the rights of `user`."""
        read(self.parameters, user)
