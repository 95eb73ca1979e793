from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.db.models.deletion import Collector
from django.urls import reverse

from devices.models import Project
from devices.permissions import AnyUser, Permission, ProjectScopedQuerySet


class DashboardQuerySet(ProjectScopedQuerySet):
    """What is shared belongs to the project; what is not, to its owner alone."""

    def where_user_may(self, user: AnyUser, permission: str) -> Self:
        if getattr(user, "is_superuser", False) or not user.is_active:
            return super().where_user_may(user, permission)
        shared = Project.objects.where_user_may(user, permission).values("pk")
        return self.filter(Q(project__in=shared) | Q(project=None, owner=user.pk))

    def with_rights_of(self, user: AnyUser) -> Self:
        """Each with `may_change` and `is_default`, for the person."""
        changeable = Dashboard.objects.where_user_may(user, Permission.EDIT_DASHBOARDS)
        chosen = getattr(user, "default_dashboard_id", None)
        return self.annotate(
            may_change=Exists(changeable.filter(pk=OuterRef("pk")).order_by()),
            is_default=Case(When(pk=chosen, then=True), default=False, output_field=models.BooleanField()),
        )

    def kept(self) -> Self:
        return self.filter(deleted_at=None)

    def listed_for(self, user: AnyUser) -> Self:
        """Those the person may see, without what others keep to themselves (superusers may see that too)."""
        return self.kept().visible_to(user).filter(Q(owner=user.pk) | Q(project__isnull=False))


def with_the_last_who_has_it(collector: Collector, field: models.ForeignKey, found: QuerySet, using: str) -> None:
    """What an owner kept to themselves goes with them; what is shared stays with the project, and vice versa."""
    other = "project" if field.name == "owner" else "owner"
    models.CASCADE(collector, field, found.filter(**{other: None}), using)
    models.SET_NULL(collector, field, found.exclude(**{other: None}), using)


class Dashboard(models.Model):
    """Widgets that somebody has arranged on a grid (iotsphere.boards), for themselves or for a project."""

    name = models.CharField(max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=with_the_last_who_has_it, null=True, blank=True, related_name="dashboards",
        help_text="Who made it. Until it is shared, nobody else sees it.",
    )  # fmt: skip
    project = models.ForeignKey(
        Project, on_delete=with_the_last_who_has_it, null=True, blank=True, related_name="dashboards",
        verbose_name="shared with",
        help_text="The project whose members see it, and whose operators change it.",
    )  # fmt: skip
    widgets = models.JSONField(default=list, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Counts its changes.")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since when it waits to be deleted for good."
    )

    objects = DashboardQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["deleted_at"], name="dashboard_deleted", condition=Q(deleted_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dashboard", args=[self.pk])

    @property
    def shapes(self) -> list[dict[str, Any]]:
        """Where its widgets are, for a picture of it."""
        return [{name: widget[name] for name in ("kind", "x", "y", "w", "h")} for widget in self.widgets]

    @property
    def height(self) -> int:
        """In rows of the grid."""
        return max((widget["y"] + widget["h"] for widget in self.widgets), default=0)
