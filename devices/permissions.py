"""Who may see and do what: one table, asked by every surface (admin, pages, REST, sockets, exports, e-mail)."""

from functools import reduce
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from django.contrib.auth.models import AnonymousUser
from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from devices.models import Project

AnyUser: TypeAlias = "AbstractBaseUser | AnonymousUser"


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    ADMIN = "admin", "Administrator"


class Permission(models.TextChoices):
    """What a person may do in one project."""

    VIEW = "view", "see devices and their data"
    SEND_COMMANDS = "send_commands", "send commands to devices"
    EDIT_TWIN = "edit_twin", "change the settings of devices"
    UPDATE_FIRMWARE = "update_firmware", "update the firmware of devices"
    MANAGE_FIRMWARE = "manage_firmware", "upload and remove firmware"
    HANDLE_ALERTS = "handle_alerts", "acknowledge, assign, silence and resolve alerts"
    SERVICE_DEVICES = "service_devices", "record services of devices, and put off what is due"
    EDIT_DASHBOARDS = "edit_dashboards", "change the dashboards that are shared"
    MANAGE_RULES = "manage_rules", "change alert rules and who is told"
    FEED_MODELS = "feed_models", "send predictions and outcomes of models, and check them"
    MANAGE_MODELS = "manage_models", "change models, their versions, baselines and thresholds"
    RUN_REPORTS = "run_reports", "run reports"
    MANAGE_REPORTS = "manage_reports", "change report templates and schedules"
    WATCH_MQTT = "watch_mqtt", "watch messages in the MQTT console"
    PUBLISH_MQTT = "publish_mqtt", "publish messages in the MQTT console"
    CLAIM_DEVICES = "claim_devices", "put devices into service by their claim code"
    MANAGE_DEVICES = "manage_devices", "add, change and remove devices"
    MANAGE_CREDENTIALS = "manage_credentials", "issue and revoke device credentials"
    MANAGE_MEMBERS = "manage_members", "add, change and remove members"
    MANAGE_PROJECT = "manage_project", "change the project's settings"


ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.OPERATOR: frozenset(
        {
            Permission.VIEW,
            Permission.SEND_COMMANDS,
            Permission.EDIT_TWIN,
            Permission.UPDATE_FIRMWARE,
            Permission.HANDLE_ALERTS,
            Permission.FEED_MODELS,
            Permission.SERVICE_DEVICES,
            Permission.EDIT_DASHBOARDS,
            Permission.RUN_REPORTS,
            Permission.WATCH_MQTT,
            Permission.PUBLISH_MQTT,
            Permission.CLAIM_DEVICES,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}


def roles_with(permission: str) -> list[str]:
    return [role for role, permissions in ROLE_PERMISSIONS.items() if permission in permissions]


def may(user: AnyUser, permission: str, project: "Project | None") -> bool:
    """Whether `user` has `permission` in `project`. Superusers have all, inactive and anonymous users none.

    What belongs to no project is the platform's, and superusers'.
    """
    if not user.is_active or user.is_anonymous:
        return False
    if getattr(user, "is_superuser", False):
        return True
    if project is None:
        return False
    return project.memberships.filter(user_id=user.pk, role__in=roles_with(permission)).exists()


class ProjectScopedQuerySet(models.QuerySet):
    """Rows that belong to a project. Subclasses say by which path (`project_path`, "pk" for projects themselves)."""

    project_path = "project"

    def visible_to(self, user: AnyUser) -> Self:
        """The rows `user` may see."""
        return self.where_user_may(user, Permission.VIEW)

    def where_user_may(self, user: AnyUser, permission: str) -> Self:
        """The rows in whose project `user` has `permission`."""
        if not user.is_active or user.is_anonymous:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(**{f"{self.project_path}__in": _projects_where(user, permission)})


def project_of(row: models.Model) -> "Project | None":
    """The project that a row of a project-scoped model belongs to."""
    path: str = row._meta.default_manager.all().project_path  # type: ignore[union-attr]
    if path == "pk":
        return row  # type: ignore[return-value]
    return reduce(lambda found, name: getattr(found, name, None), path.split("__"), row)  # type: ignore[arg-type, return-value]


def _projects_where(user: AnyUser, permission: str) -> Any:
    from devices.models import Membership  # noqa: PLC0415 (the models are built on this module)

    return Membership.objects.filter(user_id=user.pk, role__in=roles_with(permission)).values("project_id")  # type: ignore[misc]
