"""/healthz: the process answers. /readyz: what it needs answers too."""

from collections.abc import Callable

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

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
    """200 when every part answers, 503 naming those that do not; the reasons stay in the log."""
    parts = {name: _answers(name, check) for name, check in CHECKS.items()}
    ready = all(parts.values())
    return JsonResponse(
        {
            "status": "ready" if ready else "not ready",
            "parts": {name: "ok" if ok else "failing" for name, ok in parts.items()},
        },
        status=200 if ready else 503,
    )


def _answers(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except (DatabaseError, redis.RedisError, OSError) as error:
        log.warning("part not ready", part=name, error=str(error))
        return False
    return True


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM devices_project LIMIT 1")


def check_redis() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        client.ping()


CHECKS: dict[str, Callable[[], None]] = {"database": check_database, "redis": check_redis}
