from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from devices.asked import said
from devices.command_states import CommandStatus
from devices.models import Device, DeviceType, Project
from devices.permissions import Permission
from iotsphere.boards.api.serializers import COLUMNS, TALLEST
from iotsphere.boards.kinds import KINDS
from iotsphere.boards.sight import Sight
from iotsphere.boards.things import things, things_of
from iotsphere.dashboards.fleet import Filters, Fleet
from iotsphere.models import Dashboard, User
from telemetry.charts import SCRIPTS

PAGE_SIZE = 24
MOST_THINGS = 50
MOST_CHOICES = 200
# What the scripts draw; those of the kinds of widgets are with them.
ICONS = (
    "arrow-down", "arrow-left", "arrow-right", "arrow-up", "check", "copy", "eye-off", "fold-horizontal",
    "fold-vertical", "plus", "redo-2", "settings-2", "trash-2", "undo-2", "unfold-horizontal", "unfold-vertical", "x",
)  # fmt: skip


@require_safe
@login_required
@never_cache
def dashboards(request: HttpRequest) -> HttpResponse:
    """The person's own and those shared with their projects."""
    search = said(request.GET, "q")
    everything = Dashboard.objects.listed_for(request.user)
    found = everything.filter(Q(name__icontains=search) | Q(project__name__icontains=search)) if search else everything
    rows: Any = found.with_rights_of(request.user).select_related("owner", "project")
    context = {
        "search": search,
        "page": Paginator(rows.order_by("-is_default", "name", "pk"), PAGE_SIZE).get_page(request.GET.get("page")),
        "columns": COLUMNS,
        **_actions(request),
    }
    return render(request, "boards/list.html", context)


@require_safe
@login_required
@never_cache
def default(request: HttpRequest) -> HttpResponse:
    """The dashboard that the person begins with; the list without one."""
    user = cast(User, request.user)
    chosen = Dashboard.objects.kept().visible_to(user).filter(pk=user.default_dashboard_id or 0).first()
    return redirect(chosen or "dashboards")


@require_safe
@login_required
@never_cache
def dashboard(request: HttpRequest, pk: int) -> HttpResponse:
    board = _board(request, pk)
    others = Dashboard.objects.listed_for(request.user).exclude(pk=pk).order_by("name").values_list("pk", "name")
    context = {
        "board": board,
        "icons": ICONS,
        "others": others[:MOST_CHOICES],
        "live": {**_data(request, board), **_surroundings(request)},
        **_actions(request),
    }
    with timezone.override(_zone(request, board)):
        return render(request, "boards/board.html", context)


@require_safe
@login_required
@never_cache
def data(request: HttpRequest, pk: int) -> HttpResponse:
    """A dashboard for a page that is open already: 204 `unless` it has another version than the page."""
    board = _board(request, pk)
    if request.GET.get("unless") == str(board.version):
        return HttpResponse(status=204)
    return JsonResponse(_data(request, board))


@require_safe
@login_required
@never_cache
def devices(request: HttpRequest) -> JsonResponse:
    """Devices by the filters of the fleet overview, or one by its ID, with all that widgets show of them."""
    if wanted := request.GET.get("id"):
        found = Device.objects.visible_to(request.user).filter(device_id=wanted.replace("\0", ""))
    else:
        found = Fleet(request.user, Filters.read(request.GET)).found().order_by("name", "device_id")
    asked = request.GET.get("limit", "")
    limit = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 5 else MOST_THINGS
    return JsonResponse({"devices": things(found[: min(limit, MOST_THINGS)], request.user)})


def _board(request: HttpRequest, pk: int) -> Any:
    boards = Dashboard.objects.kept().visible_to(request.user).with_rights_of(request.user)
    return get_object_or_404(boards.select_related("owner", "project"), pk=pk)


def _zone(request: HttpRequest, board: Dashboard) -> Any:
    """Without a zone of their own people see times of the project that it is shared with."""
    shared = board.project.time_zone if board.project else None
    return getattr(request.user, "time_zone", None) or shared or settings.TIME_ZONE


def _data(request: HttpRequest, board: Any) -> dict[str, Any]:
    return {
        "board": {
            "id": board.pk,
            "name": board.name,
            "version": board.version,
            "mayChange": board.may_change,
            "widgets": Sight.of(request.user, board.widgets).shown(board.widgets),
            "api": reverse("api:dashboard-detail", args=[board.pk]),
            "data": reverse("dashboard-data", args=[board.pk]),
        },
        "devices": things_of(board, request.user),
    }


def _surroundings(request: HttpRequest) -> dict[str, Any]:
    """What the page's scripts need besides, whichever dashboard they show."""
    return {
        "columns": COLUMNS,
        "tallest": TALLEST,
        "kinds": {name: kind.described() for name, kind in KINDS.items()},
        "projects": list(Project.objects.visible_to(request.user).values_list("slug", "name")),
        "types": list(DeviceType.objects.values_list("slug", "name")),
        "statuses": {status.value: status.label for status in CommandStatus},
        "scripts": [static(f"vendor/{file}") for file in SCRIPTS[:1]],
        "map": {
            "script": static("vendor/leaflet/leaflet.js"),
            "styles": [static("vendor/leaflet/leaflet.css"), static("css/map.css")],
            "land": static("vendor/world-atlas/countries-50m.json"),
            "tiles": settings.MAP_TILE_URL,
            "attribution": settings.MAP_ATTRIBUTION,
        },
        "addresses": {
            "list": reverse("dashboards"),
            "devices": reverse("dashboard-devices"),
            "summary": reverse("fleet-summary"),
            "places": reverse("fleet-map"),
            "fleet": reverse("fleet"),
            "alerts": reverse("api:alert-list"),
            "alertPage": reverse("alerts"),
            "commands": reverse("api:command-list"),
        },
    }


def _actions(request: HttpRequest) -> dict[str, Any]:
    return {
        "boards_api": reverse("api:dashboard-list"),
        "shareable": Project.objects.where_user_may(request.user, Permission.EDIT_DASHBOARDS).values_list(
            "slug", "name"
        ),
    }
