"""Alerts to browsers, also while no page of the portal is open: Web Push (RFC 8030). Nobody on the way can read it."""

from typing import Any

import orjson
from django.urls import reverse

from alerts.models import Notification, PushSubscription
from alerts.notify import vapid
from alerts.notify.post import post
from alerts.notify.undelivered import Undelivered

LASTS = 24 * 60 * 60  # seconds for which a browser that is off may still be told


def send(notification: Notification) -> str:
    """What the browser's maker answered. Raises Undelivered; Gone when the browser has unsubscribed."""
    alert, event = notification.alert, notification.event
    if notification.subscription is None:
        raise ValueError("It is not for a browser.")
    told = {
        "title": f"{alert.get_severity_display()}: {event.get_kind_display()}",
        "body": alert.message,
        "tag": f"alert-{alert.pk}",  # what is told later of the same alert takes its place
        "url": alert.get_absolute_url(),
    }
    return _push(notification.subscription, told, urgent=notification.alert.severity in {"critical", "high"})


def send_test(subscription: PushSubscription) -> str:
    told = {"title": "IoTSphere", "body": "This is a test.", "tag": "test", "url": reverse("alerts")}
    return _push(subscription, told, urgent=False)


def _push(subscription: PushSubscription, told: dict[str, Any], *, urgent: bool) -> str:
    # Where nobody is told by Web Push, no process carries its 30 MB about.
    from pywebpush import WebPusher, WebPushException  # noqa: PLC0415

    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    try:
        pusher = WebPusher({"endpoint": subscription.endpoint, "keys": keys})
        body = pusher.encode(orjson.dumps(told), "aes128gcm")["body"]
    except (WebPushException, ValueError) as error:
        raise Undelivered(f"It cannot be encrypted for this browser: {error}") from error
    headers = {
        "Authorization": vapid.authorization(subscription.endpoint),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(LASTS),
        "Urgency": "high" if urgent else "normal",
        "User-Agent": "IoTSphere",
    }
    return post(subscription.endpoint, body, headers)
