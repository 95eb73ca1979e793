"""The audit log: who did what."""

from ipaddress import ip_address
from typing import Any

from structlog.contextvars import get_contextvars

from devices.models import AuditEntry, Project
from devices.permissions import AnyUser

THE_PORTAL = "the portal"


def record(by: "AnyUser | None", action: str, subject: object, *, project: Project | None, **detail: Any) -> AuditEntry:
    """Note what `by` did (None: the portal by itself) to `subject`. Call it in the transaction that does it.

    `action` is `<noun>.<participle>`, such as `credential.issued`. `detail` has to be JSON and holds no secrets.
    Address and trace id are those of the request at hand.
    """
    context = get_contextvars()
    return AuditEntry.objects.create(
        actor_id=by.pk if by else None,
        actor_name=by.get_username() if by else THE_PORTAL,
        address=_address(context.get("ip")),
        trace_id=str(context.get("request_id") or "")[:64],
        action=action,
        subject=str(subject)[:200],
        project=project,
        detail=detail,
    )


def _address(text: object) -> str | None:
    try:
        return str(ip_address(str(text).partition("%")[0]))
    except ValueError:
        return None  # no request, or one that came through a unix socket
