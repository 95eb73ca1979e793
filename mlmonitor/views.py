from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from alerts import lifecycle
from alerts.models import Alert, AlertEvent
from devices.models import Project
from devices.permissions import Permission, may
from mlmonitor import checks, deployment, panels
from mlmonitor.listing import TABS, Asked, choose
from mlmonitor.models import Alias, DriftCheck, MonitoredModel, MonitorThreshold
from mlmonitor.models.threshold import Monitored

PANELS: dict[str, Callable[..., dict[str, Any]]] = {
    "overview": panels.overview,
    "performance": panels.performance,
    "drift": panels.drift,
    "alerts": panels.alerts,
    "reports": panels.reports,
}
FRAGMENT = "X-Fragment"
OF_OPERATORS = {"check"}


@require_safe
@login_required
@never_cache
def models(request: HttpRequest, tab: str = "overview") -> HttpResponse:
    """The dashboard; to a script that asks for it, the panel of one tab alone."""
    if tab not in PANELS:
        raise Http404
    asked = Asked.read(request, tab)
    chosen = choose(request, asked)
    project = chosen.model.project if chosen.model else None
    context = {
        "asked": asked,
        "chosen": chosen,
        "panel": f"mlmonitor/{tab}.html",
        "all_segments": asked.address(segment=""),
        "may_manage": project is not None and may(request.user, Permission.MANAGE_MODELS, project),
        "may_feed": project is not None and may(request.user, Permission.FEED_MODELS, project),
        "may_handle": set(
            Project.objects.where_user_may(request.user, Permission.HANDLE_ALERTS).values_list("pk", flat=True)
        ),
        **PANELS[tab](request.user, asked, chosen),
    }
    if request.headers.get(FRAGMENT):
        return render(request, context["panel"], context)
    tabs = [(one, asked.address(one.name)) for one in TABS]
    return render(request, "mlmonitor/models.html", {**context, "tabs": tabs, "newest": _newest(request)})


@require_safe
@login_required
@never_cache
def newest(request: HttpRequest) -> JsonResponse:
    """Changes when a check was done or something happened to an alert."""
    return JsonResponse({"newest": _newest(request)})


@require_POST
@login_required
def change(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """One of VERBS, done to one model; back to where it was asked for."""
    model = get_object_or_404(MonitoredModel.objects.visible_to(request.user).select_related("project"), key=key)
    if verb not in VERBS:
        raise Http404
    permission = Permission.FEED_MODELS if verb in OF_OPERATORS else Permission.MANAGE_MODELS
    if not may(request.user, permission, model.project):
        raise PermissionDenied(f"You may not {permission.label} in {model.project}.")
    tab = request.POST.get("tab", "")
    messages.info(request, VERBS[verb](request, model))
    address = Asked("drift", model=model.key).address(tab if tab in PANELS else "drift")
    return redirect(address)


@require_POST
@login_required
def handle_alert(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    alert = get_object_or_404(Alert.objects.visible_to(request.user).exclude(about_id=None), pk=pk)
    if not may(request.user, Permission.HANDLE_ALERTS, alert.project):
        raise PermissionDenied(f"You may not {Permission.HANDLE_ALERTS.label} in {alert.project}.")
    verbs = {"acknowledge": lifecycle.acknowledge, "resolve": lifecycle.resolve}
    if verb not in verbs:
        raise Http404
    done = verbs[verb](alert, request.user)
    messages.info(request, f"{verb.capitalize()}d." if done else "Somebody was faster, or the alert is over.")
    return redirect("models-tab", "alerts")


def _newest(request: HttpRequest) -> str:
    visible = MonitoredModel.objects.visible_to(request.user).order_by()
    check = DriftCheck.objects.filter(version__model__in=visible).aggregate(newest=Max("checked_at"))["newest"]
    event = AlertEvent.objects.filter(
        alert__in=Alert.objects.visible_to(request.user).exclude(about_id=None).order_by()
    ).aggregate(newest=Max("pk"))["newest"]
    return f"{check and check.isoformat()} {event or 0}"


def _check(request: HttpRequest, model: MonitoredModel) -> str:
    version = model.versions.filter(name=request.POST.get("version", "").replace("\0", "")[:64]).first()
    version = version or model.versions.filter(alias=Alias.CHAMPION).first()
    if version is None or not model.is_active:
        return "It is archived, or has no champion: there is nothing to check."
    version.model = model
    found = checks.check_now(version, timezone.now())
    return f"Checked. Data: {found.get_verdict_display()}. Concept: {found.get_concept_display()}."


def _promote(request: HttpRequest, model: MonitoredModel) -> str:
    version = model.versions.filter(name=request.POST.get("version", "").replace("\0", "")[:64]).first()
    if version is None:
        return "There is no such version."
    version.model = model
    done = deployment.promote(version, Alias.CHAMPION, request.user, timezone.now())
    return f"{version} is champion." if done else "It is champion already."


def _archive(request: HttpRequest, model: MonitoredModel) -> str:
    return "Archived." if deployment.archive(model, request.user) else "It is archived already."


def _activate(request: HttpRequest, model: MonitoredModel) -> str:
    return "Active again." if deployment.activate(model, request.user) else "It is active already."


def _set_threshold(request: HttpRequest, model: MonitoredModel) -> str:
    metric, feature = request.POST.get("metric", ""), request.POST.get("feature", "").replace("\0", "")[:100]
    if metric not in Monitored.values:
        return "There is no such threshold."
    try:
        limits = {name: float(request.POST.get(name, "")) for name in ("medium", "high", "critical")}
    except ValueError:
        return "Limits are numbers."
    row = MonitorThreshold.objects.filter(model=model, version=None, feature=feature, metric=metric).first()
    row = row or MonitorThreshold(model=model, feature=feature, metric=metric)
    for name, value in limits.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as error:
        return " ".join(error.messages)
    row.save()
    return "Set. The next check goes by it."


VERBS: dict[str, Callable[[HttpRequest, MonitoredModel], str]] = {
    "check": _check,
    "promote": _promote,
    "archive": _archive,
    "activate": _activate,
    "threshold": _set_threshold,
}
