"""The admin's first page: how the fleet is, how much comes in, what is refused, and whether all parts answer.

Its figures lead to the lists they count. Who administers projects sees those of these projects alone; what concerns
the platform as a whole (throughput, quarantine, parts) is for those who run it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
import structlog
from django.db.models import Count, F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alerts.admin.alert import OpenFilter
from alerts.models import Alert
from alerts.models.alert import Severity
from devices.admin.filters import PresenceFilter
from devices.admin.scope import may_manage, runs_platform
from devices.models import Credential, Device, Presence
from devices.permissions import Permission
from iotsphere.observability.health import parts_answering, warnings
from mlmonitor.admin.model import DriftFilter
from mlmonitor.models import MonitoredModel
from mlmonitor.standing import drifting, with_champion
from telemetry import throughput
from telemetry.models import LedgerHour, QuarantinedMessage

log = structlog.get_logger(__name__)

DAY = timedelta(hours=24)
BROKEN_SHOWN = 8
URGENCY = [Presence.OFFLINE, Presence.STALE, Presence.UNKNOWN, Presence.ONLINE]
WIDTH, HEIGHT = 100, 32  # of the sparkline's drawing


@dataclass(frozen=True, slots=True)
class Tile:
    kind: str  # a presence or a severity
    label: str
    count: int
    address: str


def admin_overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the admin's index."""
    return {**context, **_overview(request)}


def refreshed(request: HttpRequest) -> HttpResponse:
    """The figures alone, for a page that is open for longer."""
    return render(request, "admin/overview.html", _overview(request))


def _overview(request: HttpRequest) -> dict[str, Any]:
    if not may_manage(request, Permission.MANAGE_DEVICES):
        return {"has_projects": False}
    devices = Device.objects.where_user_may(request.user, Permission.MANAGE_DEVICES).in_service()
    found = dict(devices.order_by().values_list("presence").annotate(Count("pk")))
    overview = {
        "has_projects": True,
        "total": sum(found.values()),
        "tiles": [
            Tile(presence, str(presence.label), found.get(presence, 0), _devices(presence)) for presence in URGENCY
        ],
        "alerts": _alerts(request),
        "models": _models(request),
        "broken": _broken(devices),
        "all_broken": _devices(PresenceFilter.broken),
        "day": _day(request),
        "expiring": Credential.objects.where_user_may(request.user, Permission.MANAGE_CREDENTIALS).expiring().count(),
    }
    return {**overview, **_platform()} if runs_platform(request) else overview


def _devices(presence: str) -> str:
    return f"{reverse('admin:devices_device_changelist')}?{PresenceFilter.parameter_name}={presence}"


def _alerts(request: HttpRequest) -> list[Tile]:
    """Open ones, by severity."""
    is_open = Alert.objects.open().where_user_may(request.user, Permission.HANDLE_ALERTS)
    found = dict(is_open.order_by().values_list("severity").annotate(Count("pk")))
    listed = f"{reverse('admin:alerts_alert_changelist')}?{OpenFilter.parameter_name}={OpenFilter.open}"
    return [
        Tile(severity, str(severity.label), found.get(severity, 0), f"{listed}&severity__exact={severity}")
        for severity in Severity
    ]


def _models(request: HttpRequest) -> dict[str, Any]:
    """How many are watched, and how many have drifted."""
    models = MonitoredModel.objects.where_user_may(request.user, Permission.MANAGE_MODELS).active()
    listed = reverse("admin:mlmonitor_monitoredmodel_changelist")
    return {
        "count": models.count(),
        "drifting": drifting(with_champion(models)).count(),
        "address": f"{listed}?{DriftFilter.parameter_name}={DriftFilter.drifting}",
    }


def _broken(devices: Any) -> list[Device]:
    """Who fell silent last comes first."""
    silent = devices.broken().select_related("project", "device_type").order_by(F("last_message").desc(nulls_last=True))
    return list(silent[:BROKEN_SHOWN])


def _day(request: HttpRequest) -> dict[str, int]:
    """What became of what came in during the last 24 hours, in items."""
    hours = LedgerHour.objects.where_user_may(request.user, Permission.MANAGE_DEVICES)
    sums = hours.filter(hour__gt=timezone.now() - DAY).aggregate(
        **{name: Sum(name) for name in ("stored", "duplicate", "rejected", "quarantined")}
    )
    return {name: count or 0 for name, count in sums.items()}


def _platform() -> dict[str, Any]:
    try:
        inflow = throughput.read(timezone.now())
    except redis.RedisError as error:
        log.warning("throughput unknown", error=str(error))
        inflow = None
    return {
        "throughput": inflow,
        "lag_ms": round(inflow.lag_seconds * 1000) if inflow and inflow.lag_seconds is not None else None,
        "sparkline": _sparkline(inflow.per_minute) if inflow else "",
        "newcomers": QuarantinedMessage.objects.order_by().aggregate(n=Count("sender", distinct=True))["n"],
        "health": parts_answering(),
        "warnings": warnings(),
    }


def _sparkline(counts: list[int]) -> str:
    """The path of a line through the counts, from the left to the right edge of the drawing."""
    highest = max(*counts, 1)
    step = WIDTH / (len(counts) - 1)
    return "M" + "L".join(
        f"{place * step:.1f} {HEIGHT - 2 - count / highest * (HEIGHT - 4):.1f}" for place, count in enumerate(counts)
    )
