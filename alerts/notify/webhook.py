"""Alerts to webhooks: a signed POST of JSON, to public addresses alone.

The signature is that of https://www.standardwebhooks.com: HMAC-SHA256 over "<id>.<time>.<body>".
"""

import hashlib
import hmac
import time
from base64 import b64encode
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from django.conf import settings
from django.utils import timezone

from alerts.models import Notification, Webhook
from alerts.notify.post import post
from alerts.payloads import NAMES, fill_payload


def send(notification: Notification) -> str:
    """POST it; what the other side answered. Raises Undelivered for anything but 2xx."""
    if notification.webhook is None:
        raise ValueError("It is not for a webhook.")
    return _send(notification.webhook, payload(notification), f"notification-{notification.pk}")


def send_test(webhook: Webhook) -> str:
    """POST what it would be sent of an alert, with words in place of one. Raises Undelivered."""
    alert = {name: f"({name})" for name in NAMES if name not in {"event", "at"}}
    said = {"severity": webhook.minimum, "project": webhook.project.slug, "message": "This is a test."}
    told = {"event": "test", "at": timezone.now(), "alert": {**alert, **said}}
    return _send(webhook, told, f"test-{uuid4()}")


def payload(notification: Notification) -> dict[str, Any]:
    """All there is to say of it."""
    alert, event = notification.alert, notification.event
    return {
        "event": event.kind,
        "at": event.at,
        "alert": {
            "id": alert.pk,
            "rule": alert.rule_name,
            "severity": event.severity or alert.severity,
            "status": alert.status,
            "message": alert.message,
            "what": alert.what,
            "value": alert.value,
            "limit": alert.limit,
            "event_time": alert.event_time,
            "resolved_at": alert.resolved_at,
            "device": alert.device.device_id if alert.device else None,
            "device_name": alert.device.name if alert.device else None,
            "subject": str(alert.subject),
            "project": alert.project.slug,
            "url": f"{settings.PORTAL_URL}/alerts/{alert.pk}/",
        },
    }


def _send(webhook: Webhook, told: dict[str, Any], delivery: str) -> str:
    if webhook.template is not None:
        values = {**told["alert"], "event": told["event"], "at": told["at"]}
        told = fill_payload(webhook.template, {name: _text(values[name]) for name in NAMES})
    body = orjson.dumps(told)
    return post(webhook.url, body, headers(webhook.signing_key, delivery, body, time.time()))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def headers(signing_key: str, delivery: str, body: bytes, now: float) -> dict[str, str]:
    """What proves to the receiver who sends; `delivery` is the same when it is sent again."""
    moment = str(int(now))
    signed = hmac.new(signing_key.encode(), b".".join([delivery.encode(), moment.encode(), body]), hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "User-Agent": "IoTSphere",
        "webhook-id": delivery,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{b64encode(signed.digest()).decode()}",
    }
