from dataclasses import replace
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from alerts.worst import worst_of
from devices.models import Device, Project
from devices.permissions import Permission, may
from devices.shipped_types import SERVER
from iotsphere.dashboards.control import DeviceControl
from iotsphere.dashboards.device_page import FIRST_TAB, FORETELLS, TABS, DevicePage
from iotsphere.dashboards.fleet import Filters, Fleet, cards
from iotsphere.dashboards.fleet_groups import groups
from iotsphere.dashboards.fleet_views import ARRANGEMENTS
from iotsphere.dashboards.places import Places
from iotsphere.dashboards.predictions import DevicePredictions, foretells
from iotsphere.dashboards.sending import AGENT_COMMANDS, commands
from iotsphere.dashboards.servers import servers
from iotsphere.models import User
from telemetry.quality import DAYS, quality, read_days


@require_safe
@login_required
@never_cache
def fleet(request: HttpRequest) -> HttpResponse:
    views = list(cast(User, request.user).fleet_views.all())
    default = next((view for view in views if view.is_default), None)
    if default and not request.GET:
        return redirect(default)
    filters = Filters.read(request.GET)
    found = Fleet(request.user, filters)
    counts = found.counts()
    arrangement = _arrangement(request)
    is_grouped = bool(filters.group) and arrangement != "map"
    number = request.GET.get("page")
    page = groups(found, number) if is_grouped else found.page(number, counts)
    address = f"{filters.address()}&view={arrangement}"
    context: dict[str, Any] = {
        "filters": filters,
        "views": views,
        "chosen_view": next((view for view in views if view.query == address), None),
        "is_grouped": is_grouped,
        "arrangement": arrangement,
        "tiles": found.tiles(counts),
        "page": page,
        **found.choices(),
    }
    if arrangement == "map":
        context["tiles_of_map"] = {"url": settings.MAP_TILE_URL, "attribution": settings.MAP_ATTRIBUTION}
    elif not is_grouped:
        context["cards"] = cards(page)
    if not page.paginator.count and not filters:
        context["may_add"] = Project.objects.where_user_may(request.user, Permission.MANAGE_DEVICES).exists()
        context["commands"] = commands(request, "ESP32_SIM_01", []) if settings.DEMO else None
    return render(request, "dashboards/fleet.html", context)


@require_safe
@login_required
@never_cache
def fleet_summary(request: HttpRequest) -> JsonResponse:
    """The figures of the tiles, for pages that are open for longer."""
    return JsonResponse({"presence": Fleet(request.user, Filters.read(request.GET)).counts()})


@require_safe
@login_required
@never_cache
def server_list(request: HttpRequest) -> HttpResponse:
    filters = replace(Filters.read(request.GET), type=SERVER["slug"])
    found = Fleet(request.user, filters)
    counts = found.counts()
    page = found.page(request.GET.get("page"), counts)
    context = {
        "filters": filters,
        "is_filtered": filters != Filters(type=SERVER["slug"]),
        "tiles": found.tiles(counts),
        "page": page,
        "servers": servers(page),
        "may_add": Project.objects.where_user_may(request.user, Permission.MANAGE_DEVICES).exists(),
        "agent_commands": AGENT_COMMANDS.format(portal=request.build_absolute_uri("/").rstrip("/")),
    }
    return render(request, "dashboards/servers.html", context)


@require_safe
@login_required
@never_cache
def fleet_map(request: HttpRequest) -> JsonResponse:
    """Where the devices are, of which that is known."""
    return JsonResponse(Places.of(Fleet(request.user, Filters.read(request.GET)).found()).as_json())


def _arrangement(request: HttpRequest) -> str:
    """Cards or list: what the address says, else what was chosen last."""
    chosen = request.GET.get("view", "")
    if chosen not in ARRANGEMENTS:
        return request.session.get("fleet_view", ARRANGEMENTS[0])
    if request.session.get("fleet_view") != chosen:
        request.session["fleet_view"] = chosen
    return chosen


@require_safe
@login_required
@never_cache
def device(request: HttpRequest, device_id: str, tab: str = FIRST_TAB) -> HttpResponse:
    """404 for a device that does not exist as for one that this person may not see."""
    shown = get_object_or_404(
        Device.objects.visible_to(request.user).select_related("project", "device_type", "parent"), device_id=device_id
    )
    tabs = [known for known in TABS if known.name != FORETELLS or foretells(shown)]
    if tab not in {known.name for known in tabs}:
        raise Http404
    page, control = DevicePage(request.user, shown), DeviceControl(request.user, shown)
    context = {
        "page": page,
        "control": control,
        "live": {**page.live, "control": control.live},
        "device": shown,
        "severity": worst_of([shown.pk]).get(shown.pk, ""),
        "tabs": tabs,
        "active": tab,
        "commands": commands(request, shown.device_id, page.metrics),
        "may_manage": request.user.is_staff and may(request.user, Permission.MANAGE_DEVICES, shown.project),
        "may_run_reports": may(request.user, Permission.RUN_REPORTS, shown.project),
    }
    if tab == FORETELLS:
        context["predictions"] = DevicePredictions(request.user, shown, timezone.now())
    # Without a zone of their own people see the project's times.
    with timezone.override(getattr(request.user, "time_zone", None) or shown.project.time_zone):
        if tab == FORETELLS and request.headers.get("X-Fragment"):
            return render(request, "dashboards/device_predictions.html", context)
        return render(request, "dashboards/device.html", context)


@require_safe
@login_required
@never_cache
def device_quality(request: HttpRequest, device_id: str) -> HttpResponse:
    """How good what the device sends is."""
    shown = get_object_or_404(
        Device.objects.visible_to(request.user).select_related("project", "device_type"), device_id=device_id
    )
    days = read_days(request.GET.get("days"))
    context = {
        "device": shown,
        "quality": quality(shown, days, timezone.now()),
        "days": days,
        "choices": DAYS,
    }
    with timezone.override(getattr(request.user, "time_zone", None) or shown.project.time_zone):
        return render(request, "dashboards/device_quality.html", context)
