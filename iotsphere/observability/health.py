"""/healthz: the process answers. /readyz: what it needs answers too."""

from collections.abc import Callable
from typing import Any

import redis
import structlog
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from telemetry import heartbeat, partitions
from telemetry.redis_client import impatient_redis

log = structlog.get_logger(__name__)


class HealthMiddleware:
    """Answers the two probes before host names, sessions and redirects are looked at: probes come by address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            return readyz()
        return self.get_response(request)


def readyz() -> JsonResponse:
    """200 when this process can serve, 503 when it cannot; with each part's state, whose reasons stay in the log.

    The listener is another process: without it nothing new comes in, but all there is can be served ("degraded").
    """
    parts = parts_answering()
    can_serve = parts["database"] and parts["redis"]
    answer: dict[str, Any] = {
        "status": "ready" if all(parts.values()) else "degraded" if can_serve else "not ready",
        "parts": {name: "ok" if ok else "failing" for name, ok in parts.items()},
    }
    if parts["database"] and (found := warnings()):
        answer["warnings"] = found
    return JsonResponse(answer, status=200 if can_serve else 503)


def parts_answering() -> dict[str, bool]:
    """Whether each part of the portal answers, by its name."""
    return {name: _answers(name, check) for name, check in CHECKS.items()}


def warnings() -> list[str]:
    """What works now and will not before long, and what to do about it, in sentences."""
    try:
        return partitions.warnings(timezone.now()) if connection.vendor == "postgresql" else []
    except DatabaseError as error:
        log.warning("partitions unknown", error=str(error))
        return []


def _answers(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, redis.RedisError, OSError) as error:
        log.warning("part not ready", part=name, error=str(error))
        return False


def check_database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM devices_project LIMIT 1")
    return True


def check_redis() -> bool:
    with impatient_redis() as client:
        return bool(client.ping())


CHECKS: dict[str, Callable[[], bool]] = {
    "database": check_database,
    "redis": check_redis,
    "listener": heartbeat.is_heard,
}
