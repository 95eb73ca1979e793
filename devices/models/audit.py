from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from devices.models.project import Project
from devices.permissions import ProjectScopedQuerySet


class AuditEntryQuerySet(ProjectScopedQuerySet):
    project_path = "project"


class AuditEntry(models.Model):
    """Who did what, when and from where. Written by devices.audit, never changed, and kept when its subject is gone."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=True
    )
    actor_name = models.CharField(max_length=150, help_text="As it was then: the account may be gone.")
    address = models.GenericIPAddressField(null=True)
    trace_id = models.CharField(max_length=64, blank=True, help_text="Finds what the logs say about it.")
    action = models.CharField(max_length=50, help_text="Such as credential.issued.")
    subject = models.CharField(max_length=200, help_text="What it was done to.")
    project = models.ForeignKey(Project, on_delete=models.SET_NULL, null=True, related_name="+")
    detail = models.JSONField(default=dict)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        verbose_name_plural = "audit log"

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Entries of the audit log are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Entries of the audit log are never deleted.")
