from datetime import timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from alerts.bars import bars
from alerts.models import Alert
from alerts.patterns import patterns as patterns_of
from devices.models import Project

DAYS = (7, 30, 90)


@require_safe
@login_required
@never_cache
def patterns(request: HttpRequest) -> HttpResponse:
    """What the alerts of the last `?days=`, of a `?project=` or of all, have in common."""
    said = request.GET.get("days", "")
    days = int(said) if said in map(str, DAYS) else 30
    project = request.GET.get("project", "").replace("\0", "")[:100]
    alerts, now = Alert.objects.visible_to(request.user), timezone.now()
    if project:
        alerts = alerts.filter(project__slug=project)
    found = patterns_of(alerts, now - timedelta(days=days), now, ZoneInfo(timezone.get_current_timezone_name()))
    context = {
        "found": found,
        "by_day": bars((f"{day:%-d %b}", count) for day, count in found.per_day),
        "by_hour": bars((f"{hour:02}", count) for hour, count in enumerate(found.per_hour)),
        "days": days,
        "choices": DAYS,
        "project": project,
        "projects": Project.objects.visible_to(request.user).values_list("slug", "name"),
    }
    return render(request, "alerts/patterns.html", context)
