"""Alerts and a person's notifications over /ws/live/: how they stand, and each change after its commit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

import orjson
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from alerts.models import Alert, Notification, NotificationStatus, Transport
from alerts.models.alert import AlertQuerySet
from devices.models import Device, Project
from devices.permissions import AnyUser
from telemetry.live.feed import Route, Subject
from telemetry.live.frames import BadRequest
from telemetry.live.state import storable
from telemetry.live.stream import push_news
from telemetry.live.topics import Topic

# A page that was made a moment ago learns of what has ended since.
RECENT = timedelta(minutes=5)
MOST_ALERTS = 500
MOST_UNREAD = 100
MOST_DEVICES = 1_000
EVERYTHING: Route = ("alerts", 0)

Told: TypeAlias = dict[str, Any]


# What is told of an alert (`event`: the number of the newest entry of its timeline), and where it is found.
OF_ALERTS = {
    "device": "device__device_id",
    "device_name": "device__name",
    "rule": "rule_name",
    "message": "message",
    "severity": "severity",
    "status": "status",
    "event_time": "event_time",
    "resolved_at": "resolved_at",
    "acknowledged_by": "acknowledged_by__username",
    "assigned_to": "assigned_to__username",
    "snoozed_until": "snoozed_until",
    "event": "newest_event",
}
OF_NOTIFICATIONS = {
    "alert": "alert",
    "event": "event__kind",
    "severity": "alert__severity",
    "message": "alert__message",
    "device": "alert__device__device_id",
    "sent_at": "sent_at",
    "read_at": "read_at",
}


def push_alerts(pks: Collection[int]) -> None:
    """Tell all who watch them, after the commit of the transaction at hand."""
    if pks:
        transaction.on_commit(partial(_push_alerts, tuple(pks)))


def push_notifications(user_pk: Any, pks: Collection[int]) -> None:
    """Tell the person's open pages of the newest of them, after the commit of the transaction at hand."""
    if pks:
        transaction.on_commit(partial(_push_notifications, user_pk, sorted(pks)[-MOST_UNREAD:]))


def unread_of(user: AnyUser) -> QuerySet[Notification]:
    """What a person was told in the portal and has not seen."""
    visible = Notification.objects.visible_to(user)
    return visible.filter(
        user=user.pk, transport=Transport.IN_APP, status=NotificationStatus.SENT, read_at=None
    ).order_by("-pk")


def mark_read(user: AnyUser, **about: Any) -> int:
    """They have seen all of it, or what fits (`pk` of a notification, `alert`); how many that were."""
    with transaction.atomic():
        told = Notification.objects.filter(user=user.pk, transport=Transport.IN_APP, read_at=None, **about)
        pks = list(told.values_list("pk", flat=True))
        Notification.objects.filter(pk__in=pks).update(read_at=timezone.now())
        push_notifications(user.pk, pks)
    return len(pks)


@dataclass(frozen=True, slots=True)
class AlertsWish:
    """The alerts of a project, of some devices, or all that may be seen."""

    project: str | None = None
    device_ids: frozenset[str] = frozenset()
    topic: str = "alerts"

    def subject(self, user: AnyUser) -> Subject:
        if self.device_ids:
            devices = Device.objects.visible_to(user).filter(device_id__in=map(storable, self.device_ids))
            pairs = devices.order_by().values_list("project_id", "device_id")
            return frozenset(("alerts", project, device_id) for project, device_id in pairs)
        if self.project is None and getattr(user, "is_superuser", False) and user.is_active:
            return frozenset([EVERYTHING])
        projects = Project.objects.visible_to(user).order_by()
        if self.project is not None:
            projects = projects.filter(slug=storable(self.project))
        return frozenset(("alerts", pk) for pk in projects.values_list("pk", flat=True))

    def missing(self, subject: Subject) -> str:
        if len(subject) < len(self.device_ids):
            return "There are devices among them that do not exist, or that you cannot see."
        if subject:
            return ""
        return "You are in no project." if self.project is None else f"There is no project “{self.project}” for you."

    def state(self, user: AnyUser) -> str:
        alerts = Alert.objects.visible_to(user)
        if self.project is not None:
            alerts = alerts.filter(project__slug=storable(self.project))
        if self.device_ids:
            alerts = alerts.filter(device__device_id__in=map(storable, self.device_ids))
        now = Q(resolved_at=None) | Q(resolved_at__gt=timezone.now() - RECENT)
        told = _alerts(alerts.filter(now).order_by("-pk")[:MOST_ALERTS])
        return _json({str(pk): alert for pk, _, alert in told})


@dataclass(frozen=True, slots=True)
class NotificationsWish:
    """One's own."""

    topic: str = "notifications"

    def subject(self, user: AnyUser) -> Subject:
        return frozenset({("notifications", int(user.pk or 0))})

    def missing(self, subject: Subject) -> str:
        return ""

    def state(self, user: AnyUser) -> str:
        """Those that are unread."""
        return _json(_notifications(unread_of(user)[:MOST_UNREAD]))


def _push_alerts(pks: Collection[int]) -> None:
    # Looked up now, not told by who changed them: what is pushed last is then never older than what came before.
    told = _alerts(Alert.objects.filter(pk__in=pks).order_by())
    push_news("alerts", {str(pk): {"project": project, **alert} for pk, project, alert in told})


def _push_notifications(user_pk: int, pks: Collection[int]) -> None:
    told = _notifications(Notification.objects.filter(pk__in=pks, user=user_pk))
    push_news("notifications", {pk: {"user": user_pk, **notification} for pk, notification in told.items()})


def _alerts(alerts: AlertQuerySet) -> list[tuple[int, int, Told]]:
    """With their primary keys, and those of their projects."""
    rows = alerts.annotate(newest_event=Max("events__pk")).values_list("pk", "project", *OF_ALERTS.values())
    return [(pk, project, dict(zip(OF_ALERTS, values, strict=True))) for pk, project, *values in rows]


def _notifications(notifications: QuerySet[Notification]) -> dict[str, Told]:
    rows = notifications.values_list("pk", *OF_NOTIFICATIONS.values())
    return {str(pk): dict(zip(OF_NOTIFICATIONS, values, strict=True)) for pk, *values in rows}


def _json(told: Mapping[str, Any]) -> str:
    return orjson.dumps(told, option=orjson.OPT_UTC_Z).decode()


def _read_alerts(said: Any) -> AlertsWish:
    if isinstance(said, dict) and len(said) <= 1 and said.keys() <= {"project", "devices"}:
        project, device_ids = said.get("project"), said.get("devices")
        if device_ids is None and (project is None or isinstance(project, str)):
            return AlertsWish(project=project)
        if isinstance(device_ids, list) and 0 < len(device_ids) <= MOST_DEVICES:
            names = frozenset(device_id for device_id in device_ids if isinstance(device_id, str))
            if len(names) == len(device_ids):
                return AlertsWish(device_ids=names)
    raise BadRequest('"alerts" must be {"project": slug}, {"devices": [up to 1,000 IDs]}, or {} for all that you see.')


def _read_notifications(said: Any) -> NotificationsWish:
    if said != {}:
        raise BadRequest('"notifications" must be {}: they are your own.')
    return NotificationsWish()


ALERTS = Topic(
    "alerts",
    _read_alerts,
    lambda _, alert: (EVERYTHING, ("alerts", alert["project"]), ("alerts", alert["project"], alert["device"])),
)
NOTIFICATIONS = Topic(
    "notifications", _read_notifications, lambda _, notification: [("notifications", notification["user"])]
)
