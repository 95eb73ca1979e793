"""Who sees and changes what in the admin: what devices.permissions says, instead of Django's model permissions.

Superusers run the platform. Other staff have the rows of the projects they administer and of no others: not in lists,
choices, autocompletion, actions, history or imports. All of these start from `get_queryset` or ask `may_manage`.
"""

from typing import Any, ClassVar

from django.contrib.admin.options import BaseModelAdmin
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from devices.models import Membership
from devices.permissions import Permission, ProjectScopedQuerySet, project_of, roles_with


def runs_platform(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def may_manage(request: HttpRequest, permission: str, row: Model | None = None) -> bool:
    """Whether the person may do it in the project of `row`; without a row, in any project at all."""
    if runs_platform(request):
        return True
    projects = {project for project, role in _roles(request) if role in roles_with(permission)}
    if row is None:
        return bool(projects)
    project = project_of(row)
    return project is not None and project.pk in projects


def _roles(request: HttpRequest) -> list[tuple[int, str]]:
    """The person's roles by project, asked once a request: every entry of the sidebar wants to know."""
    roles: list[tuple[int, str]] | None = getattr(request, "project_roles", None)
    if roles is None:
        memberships = Membership.objects.filter(user_id=request.user.pk).order_by()  # type: ignore[misc]
        roles = list(memberships.values_list("project_id", "role"))
        request.project_roles = roles  # type: ignore[attr-defined]
    return roles


class ProjectScoped(BaseModelAdmin):
    """For admin pages and inlines of project-scoped rows. `permission` is what it takes to see and to change them."""

    permission: ClassVar[str] = Permission.MANAGE_DEVICES

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return rows.where_user_may(request.user, self.permission)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        rows = db_field.remote_field.model._default_manager.all()
        if isinstance(rows, ProjectScopedQuerySet):
            kwargs.setdefault("queryset", rows.where_user_may(request.user, self.permission))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_manage(request, self.permission)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_manage(request, self.permission, obj)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_manage(request, self.permission, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_manage(request, self.permission, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_manage(request, self.permission, obj)


class ForSuperusers(BaseModelAdmin):
    """For what concerns the platform as a whole."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return runs_platform(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return runs_platform(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return runs_platform(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return runs_platform(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return runs_platform(request)


class ReadOnly(BaseModelAdmin):
    """For what is counted or derived: to be looked at."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
