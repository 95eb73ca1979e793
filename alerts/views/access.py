"""Rules that a person may see, or change: 404 for what they may not see, 403 for what they may not do."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from alerts.models import AlertRule
from devices.models import Project
from devices.permissions import Permission, may


def visible_rule(request: HttpRequest, pk: int) -> AlertRule:
    rules = AlertRule.objects.visible_to(request.user)
    return get_object_or_404(rules.select_related("project", "device_type", "device__project"), pk=pk)


def managed_rule(request: HttpRequest, pk: int) -> AlertRule:
    rule = visible_rule(request, pk)
    if not may(request.user, Permission.MANAGE_RULES, rule.project):
        raise PermissionDenied(f"You may not {Permission.MANAGE_RULES.label} in {rule.project or 'all projects'}.")
    return rule


def projects_with_rules_to_manage(request: HttpRequest) -> set[int | None]:
    """Their keys; None among them for those who run the platform."""
    projects = Project.objects.where_user_may(request.user, Permission.MANAGE_RULES)
    everywhere = {None} if getattr(request.user, "is_superuser", False) else set()
    return everywhere | set(projects.values_list("pk", flat=True))


def number(said: str | None) -> int | None:
    """A key that somebody has sent."""
    return int(said) if said and said.isdecimal() and said.isascii() and len(said) < 18 else None
