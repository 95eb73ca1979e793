"""A rule is tried on the past, and enabled after a look at what came of it."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from alerts import enabling
from alerts.backtest_result import Result
from alerts.models import Backtest
from alerts.models.backtest import BacktestStatus
from alerts.tasks import run_backtest
from alerts.views.access import managed_rule, number
from devices.models import Device
from devices.permissions import Permission

DAYS = (1, 7, 30)


@require_POST
@login_required
def try_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Play it over the last `days` in a worker."""
    rule = managed_rule(request, pk)
    days = number(request.POST.get("days"))
    asked = Backtest.objects.create(
        rule=rule, revision=rule.revision, days=days if days in DAYS else 7, asked_by_id=request.user.pk
    )
    transaction.on_commit(partial(run_backtest.delay, asked.pk))
    return redirect("backtest", asked.pk)


@require_safe
@login_required
@never_cache
def backtest(request: HttpRequest, pk: int) -> HttpResponse:
    """What a rule would have raised, with a chart of `?device=`: of the noisiest if none is said."""
    backtests = Backtest.objects.where_user_may(request.user, Permission.MANAGE_RULES)
    found = get_object_or_404(
        backtests.select_related("rule__project", "rule__device_type", "rule__device", "asked_by"), pk=pk
    )
    context = {
        "backtest": found,
        "rule": found.rule,
        "is_of_now": found.revision == found.rule.revision,
        "days": DAYS,
        "may_manage": True,
    }
    if found.status == BacktestStatus.DONE:
        result = Result.of(found)
        wanted = request.GET.get("device", "")[:64] or result.noisiest
        devices = Device.objects.visible_to(request.user).select_related("project", "device_type")
        device = devices.filter(device_id=wanted.replace("\0", "")).first() or found.rule.devices().first()
        context |= {"result": result, "device": device, "chart": device and result.chart(device)}
    return render(request, "alerts/backtest.html", context)


@require_POST
@login_required
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    """With the `backtest` that was looked at, or `untried`."""
    rule = managed_rule(request, pk)
    asked = number(request.POST.get("backtest"))
    seen = None if asked is None else rule.backtests.filter(pk=asked).first()
    try:
        enabling.enable(rule, seen=seen, untried="untried" in request.POST)
    except enabling.NotTried as refusal:
        messages.warning(request, str(refusal))
        return redirect(rule)
    messages.success(request, f"“{rule}” is enabled.")
    return redirect("rules" if request.POST.get("back") == "list" else rule)


@require_POST
@login_required
def disable(request: HttpRequest, pk: int) -> HttpResponse:
    rule = managed_rule(request, pk)
    enabling.disable(rule)
    messages.success(request, f"“{rule}” is disabled, and its alerts have ended.")
    return redirect("rules" if request.POST.get("back") == "list" else rule)
