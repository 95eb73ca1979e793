"""Schedules and templates: what is made again, when, and for whom."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import APIException

from devices.permissions import Permission
from reports import schedules as verbs
from reports.forms.schedule import ScheduleForm
from reports.links import subscription
from reports.models import ReportTemplate, Schedule
from reports.models.schedule import NAMES, SUBJECT, TEXT
from reports.recipients import recipients
from reports.refusals import sentence
from reports.timing import in_words
from reports.views.access import managed_schedule, managed_template, require_somewhere

PAGE_SIZE = 30
DELIVERIES_SHOWN = 50
MONDAY = 0


@require_safe
@login_required
@never_cache
def templates(request: HttpRequest) -> HttpResponse:
    found = ReportTemplate.objects.visible_to(request.user).select_related("project", "created_by")
    managed = ReportTemplate.objects.where_user_may(request.user, Permission.MANAGE_REPORTS)
    context = {
        "page": Paginator(found.annotate(schedule_count=Count("schedules")).order_by("name", "pk"), PAGE_SIZE).get_page(
            request.GET.get("page")
        ),
        "managed": set(managed.values_list("pk", flat=True)),
        "runnable": set(
            ReportTemplate.objects.where_user_may(request.user, Permission.RUN_REPORTS).values_list("pk", flat=True)
        ),
        "filters": {"address": "?"},
    }
    return render(request, "reports/templates.html", context)


@require_POST
@login_required
def delete_template(request: HttpRequest, pk: int) -> HttpResponse:
    template = managed_template(request, pk)
    template.delete()
    messages.success(request, f"“{template}” is gone, and its schedules with it. What was made of it stays.")
    return redirect("report-templates")


@require_safe
@login_required
@never_cache
def schedules(request: HttpRequest) -> HttpResponse:
    require_somewhere(request, Permission.MANAGE_REPORTS)
    found = Schedule.objects.where_user_may(request.user, Permission.MANAGE_REPORTS)
    found = found.select_related("template__project", "owner").prefetch_related("alerts")
    context = {
        "page": Paginator(found.order_by("is_paused", "next_due", "pk"), PAGE_SIZE).get_page(request.GET.get("page")),
        "filters": {"address": "?"},
    }
    return render(request, "reports/schedules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    require_somewhere(request, Permission.MANAGE_REPORTS)
    schedule = Schedule(owner_id=request.user.pk or 0, weekdays=[MONDAY])
    asked = request.GET.get("template", "")
    template = _managed_templates(request).filter(pk=asked).first() if asked.isdecimal() and len(asked) < 18 else None
    first = template or _managed_templates(request).first()
    if first is None:
        messages.info(request, "A schedule is of a template: keep one first.")
        return redirect("report-new")
    schedule.time_zone = verbs.zone_for(request.user, first.project)
    if template is not None:
        schedule.template = template
    return _edit(request, schedule)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """What it says, to be changed; when it is due; what became of what it sent."""
    return _edit(request, managed_schedule(request, pk))


@require_POST
@login_required
def preview(request: HttpRequest) -> JsonResponse:
    """What a form that is being written would do: when it is due, or what is wrong with it."""
    require_somewhere(request, Permission.MANAGE_REPORTS)
    form = ScheduleForm(_managed_templates(request), request.POST, instance=Schedule(owner_id=request.user.pk or 0))
    timing = {"every", "at", "weekdays", "day", "cron", "time_zone"}
    form.is_valid()
    if wrong := {name: texts[0] for name, texts in form.errors.items() if name in timing}:
        return JsonResponse({"problems": wrong})
    written = form.instance
    due = verbs.preview(written, timezone.now())
    return JsonResponse({"sentence": written.timing.sentence(), "next": list(map(in_words, due))})


@require_POST
@login_required
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One of VERBS."""
    found = managed_schedule(request, pk)
    if verb not in VERBS:
        raise Http404
    try:
        messages.info(request, VERBS[verb](request, found))
    except APIException as error:
        messages.warning(request, sentence(error))
    return redirect("report-schedules" if verb == "delete" else found)


@csrf_exempt  # mail programs post here for the reader (RFC 8058); the token is what proves it
@require_http_methods(["GET", "POST"])
@never_cache
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    found = subscription(token)
    if found is None:
        raise Http404
    wanted, address = found
    if request.method == "POST":
        verbs.unsubscribe(wanted, address)
    context = {"is_done": request.method == "POST", "schedule": wanted, "address": address}
    return render(request, "reports/unsubscribe.html", context)


def _edit(request: HttpRequest, schedule: Schedule) -> HttpResponse:
    form = ScheduleForm(
        _managed_templates(request), request.POST if request.method == "POST" else None, instance=schedule
    )
    if form.is_bound and form.is_valid():
        kept = form.save()
        verbs.plan(kept, timezone.now())
        messages.success(request, "Saved.")
        return redirect(kept)
    now = timezone.now()
    stored = Schedule.objects.select_related("template__project", "owner").filter(pk=schedule.pk).first()
    context = {
        "form": form,
        "schedule": stored,
        "next": list(map(in_words, verbs.preview(stored, now))) if stored and not stored.is_paused else [],
        "recipients": recipients(stored) if stored else [],
        "unsubscribed": stored.unsubscriptions.order_by("address") if stored else [],
        "runs": stored.runs.order_by("-requested_at")[:10] if stored else [],
        "deliveries": stored.deliveries.select_related("user")[:DELIVERIES_SHOWN] if stored else [],
        "trouble": stored.alerts.filter(resolved_at=None).first() if stored else None,
        "names": NAMES,
        "usual": {"subject": SUBJECT, "text": TEXT},
    }
    return render(request, "reports/schedule.html", context, status=422 if form.is_bound else 200)


def _managed_templates(request: HttpRequest) -> QuerySet[ReportTemplate]:
    managed = ReportTemplate.objects.where_user_may(request.user, Permission.MANAGE_REPORTS)
    return managed.select_related("project").order_by("project__name", "name")


def _pause(request: HttpRequest, schedule: Schedule) -> str:
    return "Paused: nothing is sent." if verbs.pause(schedule) else "It is paused already."


def _resume(request: HttpRequest, schedule: Schedule) -> str:
    return "It goes on." if verbs.resume(schedule, timezone.now()) else "It was not paused."


def _test(request: HttpRequest, schedule: Schedule) -> str:
    verbs.send_test(schedule, request.user)
    return f"It is being made, and will be sent to you alone: {request.user.email}."  # type: ignore[union-attr]


def _delete(request: HttpRequest, schedule: Schedule) -> str:
    schedule.delete()
    return "The schedule is gone. What it has made stays."


def _resubscribe(request: HttpRequest, schedule: Schedule) -> str:
    address = request.POST.get("address", "").replace("\0", "")[:254]
    schedule.unsubscriptions.filter(address=address).delete()
    return f"{address} is sent it again."


VERBS: dict[str, Callable[[HttpRequest, Schedule], str]] = {
    "pause": _pause,
    "resume": _resume,
    "test": _test,
    "delete": _delete,
    "resubscribe": _resubscribe,
}
