from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alerts.copying import copy_of, make, plan
from alerts.enabling import tried
from alerts.forms.rule import RuleForm
from alerts.messages import DEFAULT as DEFAULT_MESSAGE
from alerts.messages import EXAMPLE, fill
from alerts.models import Alert, AlertRule, EscalationStep
from alerts.rule_listing import RuleFilters
from alerts.rules import sentence
from alerts.versions import versions
from alerts.views.access import managed_rule, number, projects_with_rules_to_manage, visible_rule
from alerts.views.backtests import DAYS
from alerts.why import why as ask_why
from devices.asked import said
from devices.models import Device, DeviceType, MetricDefinition, Project
from devices.permissions import Permission, may

PAGE_SIZE = 50


@require_safe
@login_required
@never_cache
def rules(request: HttpRequest) -> HttpResponse:
    filters = RuleFilters.read(request.GET)
    found = filters.narrow(AlertRule.objects.visible_to(request.user))
    page = Paginator(found.select_related("project", "device_type", "device"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    is_open = Alert.objects.open().visible_to(request.user).filter(rule__in=[rule.pk for rule in page])
    context = {
        "filters": filters,
        "page": page,
        "open_alerts": dict(is_open.order_by().values_list("rule").annotate(Count("pk"))),
        "may_manage": projects_with_rules_to_manage(request),
        "projects": Project.objects.visible_to(request.user).values_list("slug", "name"),
        "types": DeviceType.objects.values_list("slug", "name"),
    }
    return render(request, "alerts/rules.html", context)


@require_safe
@login_required
@never_cache
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_rule(request, pk)
    backtests = found.backtests.select_related("asked_by").defer("episodes")
    may_manage = may(request.user, Permission.MANAGE_RULES, found.project)
    context = {
        "rule": found,
        "device_count": found.devices().visible_to(request.user).count(),
        "open_count": Alert.objects.open().visible_to(request.user).filter(rule=found).count(),
        "backtests": backtests[:10] if may_manage else [],
        "tried": tried(found) if may_manage else None,
        "steps": EscalationStep.objects.filter(project=found.project_id).select_related("user"),
        "may_manage": may_manage,
        "days": DAYS,
    }
    return render(request, "alerts/rule.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """An empty one, or a copy of `?copy=`."""
    if not projects_with_rules_to_manage(request):
        raise PermissionDenied(f"You may not {Permission.MANAGE_RULES.label}.")
    asked = number(request.GET.get("copy"))
    rule = copy_of(visible_rule(request, asked)) if asked is not None else AlertRule()
    rule.created_by_id = request.user.pk
    return _edit(request, rule)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, managed_rule(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """For other types: posted once it answers with what would be made, posted with that as `seen` it is made."""
    found = managed_rule(request, pk)
    types = DeviceType.objects.exclude(alert_rules=found)
    chosen = types.filter(slug__in=[slug.replace("\0", "") for slug in request.POST.getlist("device_type")])
    copies = plan(found, chosen)
    possible = [each for each in copies if not each.problem]
    seen = " ".join([str(found.revision), *(each.device_type.slug for each in possible)])
    if possible and request.POST.get("seen") == seen:
        made = make(possible, request.user)
        messages.success(request, f"{len(made)} made, not enabled: {', '.join(each.name for each in made)}.")
        return redirect("rules")
    context = {
        "rule": found,
        "types": types,
        "chosen": {each.slug for each in chosen},
        "asked": request.method == "POST",
        "copies": copies,
        "count": len(possible),
        "seen": seen,
    }
    return render(request, "alerts/rule_copy.html", context)


@require_POST
@login_required
def preview(request: HttpRequest) -> JsonResponse:
    """What the rule that is being written would do, in a sentence, and what is wrong with it."""
    form = RuleForm(request.user, request.POST, instance=AlertRule())
    form.is_valid()
    errors, rule = form.errors.get_json_data(), form.instance
    knows_which = not errors.keys() & {"project", "device_type", "label", "device"}
    example = {**EXAMPLE, **({"rule": rule.name} if rule.name else {})}
    return JsonResponse(
        {
            "errors": errors,
            "sentence": "" if errors.keys() & {"levels", "time_zone"} else sentence(rule.compiled()),
            "devices": rule.devices().visible_to(request.user).count() if knows_which else None,
            "message": "" if "message" in errors else fill(rule.message, example),
        }
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = managed_rule(request, pk)
    if request.method == "POST":
        found.delete()
        messages.success(request, f"“{found}” is deleted. What it raised stays in the list of alerts.")
        return redirect("rules")
    return render(
        request, "alerts/rule_delete.html", {"rule": found, "open_count": found.alerts.filter(resolved_at=None).count()}
    )


@require_safe
@login_required
@never_cache
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """Who changed what."""
    found = visible_rule(request, pk)
    return render(request, "alerts/rule_versions.html", {"rule": found, "versions": versions(found)})


@require_safe
@login_required
@never_cache
def why(request: HttpRequest, pk: int) -> HttpResponse:
    """Why the rule has raised an alert for `?device=`, or why not."""
    found = visible_rule(request, pk)
    asked = said(request.GET, "device", 64)
    devices = Device.objects.visible_to(request.user).select_related("project", "device_type")
    device = devices.filter(device_id=asked).first() if asked else None
    now = timezone.now()
    context = {
        "rule": found,
        "asked": asked,
        "device": device,
        "why": device and ask_why(found, device, now),
        "now": now,
        "devices": found.devices().visible_to(request.user)[:200],
    }
    return render(request, "alerts/why.html", context)


def _edit(request: HttpRequest, rule: AlertRule) -> HttpResponse:
    is_new, was_enabled, revision = rule.pk is None, rule.is_enabled, rule.revision
    form = RuleForm(request.user, request.POST if request.method == "POST" else None, instance=rule)
    if form.is_bound and form.is_valid():
        saved = form.save()
        if is_new:
            messages.success(request, "The rule is made. Try it on the past, then enable it.")
        elif was_enabled and saved.revision != revision:
            messages.warning(request, "Saved, and in force. What it says now was not tried on the past.")
        else:
            messages.success(request, "Saved.")
        return redirect(saved)
    context = {
        "form": form,
        "rule": rule,
        "is_new": is_new,
        "metrics": _metrics(),
        "message_names": list(EXAMPLE),
        "default_message": DEFAULT_MESSAGE,
    }
    return render(request, "alerts/rule_edit.html", context, status=422 if form.is_bound else 200)


def _metrics() -> dict[str, list[dict[str, str]]]:
    """What devices of each type send, for the editor to suggest."""
    known: dict[str, list[dict[str, str]]] = {}
    columns = ("device_type_id", "key", "label", "unit")
    for device_type, key, label, unit in MetricDefinition.objects.order_by("device_type", "key").values_list(*columns):
        known.setdefault(str(device_type), []).append({"key": key, "label": label, "unit": unit})
    return known
