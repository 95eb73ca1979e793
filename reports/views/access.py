"""Rows that a person may see, or change: 404 for what they may not see, 403 for what they may not do."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from devices.models import Project
from devices.permissions import Permission, may
from reports.models import ReportTemplate, Run, Schedule


def visible_run(request: HttpRequest, uuid: Any) -> Run:
    runs = Run.objects.visible_to(request.user)
    return get_object_or_404(runs.select_related("project", "template", "schedule__template", "requested_by"), pk=uuid)


def require(request: HttpRequest, permission: Permission, project: Project) -> None:
    if not may(request.user, permission, project):
        raise PermissionDenied(f"You may not {permission.label} in {project}.")


def require_somewhere(request: HttpRequest, permission: Permission) -> None:
    if not Project.objects.where_user_may(request.user, permission).exists():
        raise PermissionDenied(f"You may not {permission.label}.")


def managed_template(request: HttpRequest, pk: int) -> ReportTemplate:
    templates = ReportTemplate.objects.visible_to(request.user).select_related("project")
    template = get_object_or_404(templates, pk=pk)
    require(request, Permission.MANAGE_REPORTS, template.project)
    return template


def managed_schedule(request: HttpRequest, pk: int) -> Schedule:
    """404 also for those who see the project: a schedule names people and their addresses."""
    schedules = Schedule.objects.where_user_may(request.user, Permission.MANAGE_REPORTS)
    return get_object_or_404(schedules.select_related("template__project", "owner"), pk=pk)
