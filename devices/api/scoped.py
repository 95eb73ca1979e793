"""Rows of projects over REST: what somebody may not see is not there (404), what they may only see is refused (403)."""

from copy import copy
from typing import Any, cast

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from devices.models import Project
from devices.permissions import AnyUser, Permission, ProjectScopedQuerySet, may, project_of

NUMBER = "[0-9]{1,18}"
"""A row's number in an address: as many digits as a database takes."""


def require(user: AnyUser, permission: Permission, project: Project | None) -> None:
    if not may(user, permission, project):
        raise PermissionDenied(f"You may not {permission.label} in {project or 'all projects at once'}.")


class MayChange(BasePermission):
    """Changing takes the view's permission: in the project of the row, or, to make a row, in any project.

    Which one that is, `ScopedViewSet.perform_create` asks when it knows.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.action == "create":
            view.check_may_create()
        return True

    def has_object_permission(self, request: Request, view: Any, obj: Model) -> bool:
        if request.method in SAFE_METHODS:
            return True
        require(request.user, view.permission, project_of(obj))
        return True


class ScopedViewSet(GenericViewSet):
    """Rows of the projects somebody may see. `permission` is what it takes to change one."""

    permission_classes = (IsAuthenticated, MayChange)
    permission: Permission
    # PATCH says all that PUT could.
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> ProjectScopedQuerySet:
        return cast(ProjectScopedQuerySet, super().get_queryset()).visible_to(self.request.user)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def check_may_create(self) -> None:
        if not Project.objects.where_user_may(self.request.user, self.permission).exists():
            raise PermissionDenied(f"You may not {self.permission.label} in any project.")

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        require(self.request.user, self.permission, serializer.validated_data.get("project"))
        serializer.save()


class RowSerializer(serializers.ModelSerializer):
    """Asks the model what is valid, as the admin does. What `fixed` names is chosen once and never changes."""

    fixed: tuple[str, ...] = ()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            changed = [name for name in self.fixed if name in attrs and attrs[name] != getattr(self.instance, name)]
            if changed:
                raise serializers.ValidationError(dict.fromkeys(changed, "It cannot be changed."))
        row = copy(self.instance) if self.instance else cast(Any, self.Meta.model)()
        for name, value in attrs.items():
            setattr(row, name, value)
        row.clean()
        row.validate_constraints()
        return attrs

    def update(self, instance: Model, validated_data: dict[str, Any]) -> Model:
        """Saves what was sent and no more: ingest may have changed the rest since it was read."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(validated_data))
        return instance
