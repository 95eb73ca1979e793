"""Write down who is to be told what, in the transaction that makes it true."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from alerts.models import (
    Alert,
    AlertEvent,
    EscalationStep,
    EventKind,
    Notification,
    NotificationStatus,
    PushSubscription,
    Transport,
    Webhook,
)
from alerts.notify.preferences import is_at_least, wishes
from devices.models import Membership

# What happens within this time comes in one mail.
GATHER = timedelta(seconds=20)
TOLD = {EventKind.OPENED, EventKind.ESCALATED, EventKind.RESOLVED}


def enqueue(alert: Alert, event: AlertEvent, at: datetime) -> int:
    """Queue what `event` has to be told to; how many notifications that are.

    That it is over is told to those who were told that it began, or are about to be.
    """
    if event.kind not in TOLD:
        return 0
    queued = list(_of_end(alert, event, at) if event.kind == EventKind.RESOLVED else _of_begin(alert, event, at))
    Notification.objects.bulk_create(queued, ignore_conflicts=True)
    return len(queued)


def _of_begin(alert: Alert, event: AlertEvent, at: datetime) -> Iterator[Notification]:
    browsers = _browsers(alert)
    for member, transport, wish in wishes(alert.project):
        if wish.wants(alert.severity):
            due_at = wish.held_until(alert.severity, at, _zone_of(member))
            for browser in _ways(transport, browsers[member.user_id]):
                yield _row(alert, event, transport, due_at, user_id=member.user_id, subscription_id=browser)
    for webhook in Webhook.objects.filter(project=alert.project_id, is_enabled=True):
        if is_at_least(alert.severity, webhook.minimum):
            yield _row(alert, event, Transport.WEBHOOK, at, webhook_id=webhook.pk)
    if event.kind == EventKind.OPENED:
        yield from _of_escalation(alert, event, at, browsers)


def _of_escalation(
    alert: Alert, event: AlertEvent, at: datetime, browsers: dict[int, list[int]]
) -> Iterator[Notification]:
    for step in EscalationStep.objects.filter(project=alert.project_id):
        if is_at_least(alert.severity, step.minimum):
            members = alert.project.memberships.filter(user__is_active=True)
            members = members.filter(user=step.user_id) if step.user_id else members.filter(role=step.role)
            for user_id in members.values_list("user_id", flat=True):
                due_at = at + timedelta(minutes=step.after_minutes)
                for browser in _ways(step.transport, browsers[user_id]):
                    row = _row(alert, event, step.transport, due_at, user_id=user_id, subscription_id=browser)
                    row.step = step
                    yield row


def _of_end(alert: Alert, event: AlertEvent, at: datetime) -> Iterator[Notification]:
    told = Notification.objects.filter(alert=alert).filter(
        Q(status=NotificationStatus.SENT) | Q(status=NotificationStatus.QUEUED, step=None)
    )
    ways = set(told.values_list("transport", "user_id", "webhook_id", "subscription_id"))
    for transport, user_id, webhook_id, browser in sorted(ways, key=str):
        if transport != Transport.WEB_PUSH or browser is not None:
            yield _row(alert, event, transport, at, user_id=user_id, webhook_id=webhook_id, subscription_id=browser)


def _browsers(alert: Alert) -> dict[int, list[int]]:
    """By their users, those of the project's members."""
    found: dict[int, list[int]] = defaultdict(list)
    subscriptions = PushSubscription.objects.filter(user__memberships__project=alert.project_id)
    for user_id, pk in subscriptions.order_by("pk").values_list("user_id", "pk"):
        found[user_id].append(pk)
    return found


def _ways(transport: str, browsers: list[int]) -> Sequence[int | None]:
    """A notification for each browser; for one where it is not about browsers."""
    return browsers if transport == Transport.WEB_PUSH else [None]


def _row(
    alert: Alert,
    event: AlertEvent,
    transport: str,
    due_at: datetime,
    *,
    user_id: int | None = None,
    webhook_id: int | None = None,
    subscription_id: int | None = None,
) -> Notification:
    gathered = due_at + GATHER if transport == Transport.EMAIL else due_at
    return Notification(
        alert=alert,
        event=event,
        transport=transport,
        due_at=gathered,
        user_id=user_id,
        webhook_id=webhook_id,
        subscription_id=subscription_id,
    )


def _zone_of(member: Membership) -> ZoneInfo:
    return ZoneInfo(str(member.user.time_zone or member.project.time_zone))
