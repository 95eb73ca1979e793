"""Send what is queued: claimed first, so that no two workers send it, and again later if the other side fails.

A worker that dies between sending and noting that it has sent leaves a claim that expires: then it is sent once more,
under the same Message-ID or delivery ID, by which receivers know it again.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import uniform
from time import monotonic

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import translation

from alerts.live import push_notifications
from alerts.models import DeliveryAttempt, EventKind, Notification, NotificationStatus, Transport
from alerts.models.notification import ANSWER
from alerts.notify import email, web_push, webhook
from alerts.notify.silences import SILENCED, silenced_until
from alerts.notify.undelivered import Gone, Undelivered
from devices.permissions import Permission, may

log = structlog.get_logger(__name__)

CLAIM_LASTS = timedelta(minutes=5)
CHUNK = 200
WORK_AT_MOST = 120.0  # seconds spent on what was claimed: then the rest is claimed anew, long before the claim expires
ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
# Somebody who got so many mails within STORM gets the next ones together at its end.
MAILS_IN_STORM = 10
STORM = timedelta(minutes=15)


def send_due(now: datetime) -> int:
    """Send all that is due; how many were sent. Workers may do so side by side."""
    sent = 0
    while claimed := _claim(now):
        sent += _send(claimed, now)
    return sent


def pause_after(attempts: int) -> timedelta:
    """Exponential, with jitter of a quarter, so that what failed together does not come back together."""
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
    return pause * uniform(0.75, 1.25)  # noqa: S311 (nobody gains by guessing it)


def _claim(now: datetime) -> list[Notification]:
    is_free = Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM_LASTS)
    with transaction.atomic():
        due = Notification.objects.filter(is_free, status=NotificationStatus.QUEUED, due_at__lte=now)
        rows = list(due.order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",))[:CHUNK])
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(claimed_at=now)
    pks = [row.pk for row in rows]
    return list(
        Notification.objects.filter(pk__in=pks)
        .order_by("pk")
        .select_related("alert__project", "alert__device__device_type", "event", "user", "webhook", "subscription")
        .prefetch_related("alert__about")
    )


def _send(claimed: Sequence[Notification], now: datetime) -> int:
    mails: dict[int, list[Notification]] = defaultdict(list)
    began = monotonic()
    sent = 0
    for notification in claimed:
        if reason := _is_needless(notification):
            _note([notification], NotificationStatus.DROPPED, reason, now)
        elif (until := silenced_until(notification.alert, now)) is not None:
            _put_off([notification], until, SILENCED)
        elif notification.transport == Transport.EMAIL and notification.user_id is not None:
            mails[notification.user_id].append(notification)
        elif monotonic() - began > WORK_AT_MOST:
            _put_off([notification], notification.due_at, notification.answer)
        elif notification.transport in {Transport.WEBHOOK, Transport.WEB_PUSH}:
            sent += _try([notification], now)
        else:
            _note([notification], NotificationStatus.SENT, "", now)
            sent += 1
    for user_id, of_user in mails.items():
        calm_at = _calm_at(user_id, now)
        if calm_at is None:
            sent += _try(of_user, now)
        else:
            _put_off(of_user, calm_at, "gathered: many at once")
    return sent


def _is_needless(notification: Notification) -> str:
    """Why nobody has to be told any more; empty if somebody has."""
    alert, event = notification.alert, notification.event
    if notification.user is not None and not may(notification.user, Permission.VIEW, alert.project):
        return "may not see it any more"
    if notification.user is not None and notification.transport == Transport.EMAIL and not notification.user.email:
        return "has no address"
    if notification.transport == Transport.WEB_PUSH and notification.subscription_id is None:
        return "the browser has unsubscribed"
    if event.kind == EventKind.RESOLVED:
        told = Notification.objects.filter(
            alert=alert,
            transport=notification.transport,
            user=notification.user_id,
            webhook=notification.webhook_id,
            subscription=notification.subscription_id,
            status=NotificationStatus.SENT,
        )
        return "" if told.exists() else "was never told that it began"
    if not alert.is_open:
        return "over before it was told"
    if notification.step_id is not None and alert.acknowledged_at is not None:
        return "acknowledged"
    return ""


def _try(notifications: Sequence[Notification], now: datetime) -> int:
    first = notifications[0]
    try:
        with translation.override(first.user.language if first.user else None):
            answer = email.send(notifications) if first.transport == Transport.EMAIL else _post(first)
    except Gone as error:
        if first.subscription is None:
            _fail(first, str(error), now)
        else:
            first.subscription.delete()
            _note([first], NotificationStatus.DROPPED, f"unsubscribed: {error}", now)
        return 0
    except Undelivered as error:
        for notification in notifications:
            _fail(notification, str(error), now)
        return 0
    with transaction.atomic():
        _note(notifications, NotificationStatus.SENT, answer, now)
        _keep(notifications, answer, now, delivered=True)
    return len(notifications)


def _post(notification: Notification) -> str:
    sender = web_push if notification.transport == Transport.WEB_PUSH else webhook
    return sender.send(notification)


def _fail(notification: Notification, answer: str, now: datetime) -> None:
    attempts = notification.attempts + 1
    log.warning("a notification was not delivered", notification=notification.pk, attempts=attempts, answer=answer)
    status = NotificationStatus.DEAD if attempts >= ATTEMPTS else NotificationStatus.QUEUED
    with transaction.atomic():
        Notification.objects.filter(pk=notification.pk).update(
            status=status,
            attempts=attempts,
            answer=answer[:ANSWER],
            due_at=now + pause_after(attempts),
            claimed_at=None,
        )
        _keep([notification], answer, now, delivered=False)


def _keep(notifications: Sequence[Notification], answer: str, now: datetime, *, delivered: bool) -> None:
    """In the log of deliveries."""
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(notification_id=notification.pk, at=now, delivered=delivered, answer=answer[:ANSWER])
        for notification in notifications
    )


def _note(notifications: Sequence[Notification], status: NotificationStatus, answer: str, now: datetime) -> None:
    rows = Notification.objects.filter(pk__in=[notification.pk for notification in notifications])
    sent_at = now if status == NotificationStatus.SENT else None
    with transaction.atomic():
        rows.update(status=status, answer=answer[:ANSWER], sent_at=sent_at, claimed_at=None)
        for notification in notifications:
            if notification.user_id is not None and notification.transport == Transport.IN_APP:
                push_notifications(notification.user_id, [notification.pk])


def _put_off(notifications: Sequence[Notification], until: datetime, answer: str) -> None:
    rows = Notification.objects.filter(pk__in=[notification.pk for notification in notifications])
    rows.update(due_at=until, answer=answer, claimed_at=None)


def _calm_at(user_id: int, now: datetime) -> datetime | None:
    """When somebody may get a mail again who has had many lately; None: now."""
    mails = Notification.objects.filter(
        user=user_id, transport=Transport.EMAIL, status=NotificationStatus.SENT, sent_at__gt=now - STORM
    )
    times = sorted({sent_at for sent_at in mails.values_list("sent_at", flat=True) if sent_at is not None})
    return times[-MAILS_IN_STORM] + STORM if len(times) >= MAILS_IN_STORM else None
