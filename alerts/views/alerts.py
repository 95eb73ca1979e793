from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.core.signing import BadSignature, Signer
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alerts import lifecycle
from alerts.charts import chart_around
from alerts.listing import Filters
from alerts.live import mark_read, unread_of
from alerts.models import Alert, AlertEvent, AlertRule, Notification, NotificationPreference, Transport
from alerts.models.notification import MinimumSeverity
from alerts.notify.email import SALT
from alerts.notify.silences import silenced_until
from alerts.views.access import number
from devices.models import Project
from devices.permissions import Permission, may

PAGE_SIZE = 50
MOST_AT_ONCE = 200
NO_MORE = "0"
SNOOZES = {"30": "30 minutes", "60": "an hour", "240": "4 hours", "1440": "a day"}


@require_safe
@login_required
@never_cache
def alerts(request: HttpRequest) -> HttpResponse:
    filters = Filters.read(request.GET)
    found = filters.narrow(Alert.objects.visible_to(request.user))
    found = found.select_related("device", "project", "acknowledged_by", "assigned_to").prefetch_related("about")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    may_handle = set(
        Project.objects.where_user_may(request.user, Permission.HANDLE_ALERTS).values_list("pk", flat=True)
    )
    context = {
        "filters": filters,
        "tiles": filters.tiles(Alert.objects.visible_to(request.user)),
        "page": page,
        "may_handle": may_handle,
        "colleagues": get_user_model()
        .objects.filter(is_active=True, memberships__project__in=may_handle)
        .distinct()
        .order_by("username")[:100],
        "snoozes": SNOOZES,
        "newest": _newest(request),
        "rule": AlertRule.objects.visible_to(request.user).filter(pk=filters.rule).first() if filters.rule else None,
        "all_rules": replace(filters, rule="").address,
        "projects": Project.objects.visible_to(request.user).values_list("slug", "name"),
        "unread": unread_of(request.user).count(),
    }
    return render(request, "alerts/list.html", context)


@require_safe
@login_required
@never_cache
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """An alert; who looks at it has read what they were told of it."""
    found = _visible(request, pk)
    mark_read(request.user, alert=found)
    now = timezone.now()
    project = found.project
    members = get_user_model().objects.filter(is_active=True, memberships__project=project).order_by("username")
    context = {
        "alert": found,
        "events": found.events.select_related("by"),
        "told": Notification.objects.filter(alert=found).select_related("user", "webhook").order_by("created_at")[:100],
        "held": found.holds.count(),
        "quiet_until": silenced_until(found, now),
        "is_snoozed": found.snoozed_until is not None and found.snoozed_until > now,
        "may_handle": may(request.user, Permission.HANDLE_ALERTS, project),
        "members": members,
        "snoozes": SNOOZES,
        "chart": chart_around(found, now),
        "newest": _newest(request),
    }
    return render(request, "alerts/alert.html", context)


@require_POST
@login_required
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One of VERBS, done to one alert; back to where it was asked for."""
    found = _visible(request, pk)
    if not may(request.user, Permission.HANDLE_ALERTS, found.project):
        raise PermissionDenied(f"You may not {Permission.HANDLE_ALERTS.label} in {found.project}.")
    if verb not in VERBS:
        raise Http404
    text = VERBS[verb](request, found)
    messages.info(request, text or "Somebody was faster, or the alert is over.")
    return redirect("alerts" if request.POST.get("back") == "list" else found.get_absolute_url())


@require_POST
@login_required
def change_many(request: HttpRequest) -> HttpResponse:
    """One of VERBS, done to all alerts that were chosen; back to the list as it was."""
    verb = request.POST.get("verb", "")
    if verb not in OF_MANY:
        raise Http404
    chosen = [pk for said in request.POST.getlist("alert")[:MOST_AT_ONCE] if (pk := number(said)) is not None]
    alerts = Alert.objects.where_user_may(request.user, Permission.HANDLE_ALERTS).filter(pk__in=chosen)
    done = sum(bool(VERBS[verb](request, found)) for found in alerts.select_related("project", "device"))
    left = len(chosen) - done
    text = f"{done} {OF_MANY[verb]}." + (f" {left} not: over, done already, or not yours to handle." if left else "")
    messages.info(request, text if chosen else "No alert was chosen.")
    return redirect(reverse("alerts") + Filters.read(QueryDict(request.POST.get("back", "").lstrip("?"))).address)


@csrf_exempt  # mail programs post here for the reader (RFC 8058); the token is what proves it
@require_http_methods(["GET", "POST"])
@never_cache
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    try:
        user = get_user_model().objects.get(pk=Signer(salt=SALT).unsign(token))
    except (BadSignature, ValueError, get_user_model().DoesNotExist) as error:
        raise Http404 from error
    if request.method == "POST":
        preferences = NotificationPreference.objects.filter(user=user, transport=Transport.EMAIL)
        preferences.exclude(project=None).delete()
        NotificationPreference.objects.update_or_create(
            user=user, project=None, transport=Transport.EMAIL, defaults={"minimum": MinimumSeverity.NEVER}
        )
    return render(request, "alerts/unsubscribe.html", {"is_done": request.method == "POST"})


def _newest(request: HttpRequest) -> int:
    visible = AlertEvent.objects.filter(alert__in=Alert.objects.visible_to(request.user).order_by())
    return visible.aggregate(newest=Max("pk"))["newest"] or 0


def _visible(request: HttpRequest, pk: int) -> Alert:
    visible = Alert.objects.visible_to(request.user)
    return get_object_or_404(
        visible.select_related("device", "project", "rule", "acknowledged_by", "assigned_to", "resolved_by"), pk=pk
    )


def _acknowledge(request: HttpRequest, found: Alert) -> str:
    return "Acknowledged." if lifecycle.acknowledge(found, request.user) else ""


def _resolve(request: HttpRequest, found: Alert) -> str:
    return "Resolved. What is still wrong raises an alert anew." if lifecycle.resolve(found, request.user) else ""


def _snooze(request: HttpRequest, found: Alert) -> str:
    asked = request.POST.get("minutes", "")
    if asked == NO_MORE:
        return "Whoever was not told is told now." if lifecycle.snooze(found, None, request.user) else ""
    minutes = asked if asked in SNOOZES else "60"
    until = timezone.now() + timedelta(minutes=int(minutes))
    return f"Nobody is told of it for {SNOOZES[minutes]}." if lifecycle.snooze(found, until, request.user) else ""


def _comment(request: HttpRequest, found: Alert) -> str:
    text = request.POST.get("text", "").replace("\0", "").strip()
    if not text:
        return "Nothing was written."
    lifecycle.comment(found, text, request.user)
    return "Noted."


def _assign(request: HttpRequest, found: Alert) -> str:
    members = get_user_model().objects.filter(is_active=True, memberships__project=found.project)
    asked = request.POST.get("user", "")
    wanted = number(asked)
    to = None if wanted is None else members.filter(pk=wanted).first()
    # Somebody who is no member of this one's project leaves it to whom it was.
    if (asked and to is None) or not lifecycle.assign(found, to, request.user):
        return ""
    return f"Assigned to {to}." if to else "Assigned to nobody."


VERBS: dict[str, Callable[[HttpRequest, Alert], str]] = {
    "acknowledge": _acknowledge,
    "resolve": _resolve,
    "snooze": _snooze,
    "comment": _comment,
    "assign": _assign,
}
OF_MANY = {"acknowledge": "acknowledged", "snooze": "snoozed", "resolve": "resolved", "assign": "assigned"}
