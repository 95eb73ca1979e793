"""Alerts to webhooks: a signed POST of JSON, to public addresses alone.

The signature is that of https://www.standardwebhooks.com: HMAC-SHA256 over "<id>.<time>.<body>".
"""

import hashlib
import hmac
import http.client
import socket
import ssl
import time
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings

from alerts.models import Notification
from alerts.notify.undelivered import Undelivered
from devices.addresses import AddressRefused, look_up

TIMEOUT = 10.0
MAX_ANSWER = 200


def send(notification: Notification) -> str:
    """POST it; what the other side answered. Raises Undelivered for anything but 2xx."""
    webhook = notification.webhook
    if webhook is None:
        raise ValueError("It is not for a webhook.")
    body = orjson.dumps(payload(notification))
    return post(webhook.url, body, headers(webhook.signing_key, f"notification-{notification.pk}", body, time.time()))


def payload(notification: Notification) -> dict[str, Any]:
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


def post(url: str, body: bytes, said: dict[str, str]) -> str:
    """POST to the address that the name leads to now, whatever it leads to a moment later. Follows no redirect."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise Undelivered("The address is not http or https.")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = look_up(host, port, settings.WEBHOOK_PRIVATE_NETWORKS)
    except (AddressRefused, ValueError) as error:
        raise Undelivered(str(error)) from error
    connection = (_PinnedTLS if parts.scheme == "https" else _Pinned)(address, host, port)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, said)
        answer = connection.getresponse()
        text = answer.read(MAX_ANSWER).decode(errors="replace")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise Undelivered(f"{answer.status} {answer.reason} {text}".strip())
    return f"{answer.status} {answer.reason}"


class _Pinned(http.client.HTTPConnection):
    """Speaks to one address, in the name of a host."""

    def __init__(self, address: str, host: str, port: int) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self.address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), TIMEOUT)


class _PinnedTLS(_Pinned):
    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
