"""Requests that are sent again because their answer did not arrive, and that must not be done twice."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.errors import Conflict
from devices.models import KeptAnswer

KEPT_FOR = timedelta(days=1)
LONGEST_KEY = 128

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": r"^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A name of yours for this request. Sent again with it within a day, the request is not done again but "
    "answered as before.",
)


def once(request: Request, act: Callable[[], Response]) -> Response:
    """What `act` answers; with an Idempotency-Key that came before, what it answered then. Errors are not kept."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable() and " " not in key):
        sentence = f"1 to {LONGEST_KEY} visible ASCII characters."
        raise ValidationError({"Idempotency-Key": sentence})
    fingerprint = _fingerprint(request)
    with transaction.atomic():
        # Whoever sends the same at the same time waits here for the end of this transaction.
        kept, is_new = KeptAnswer.objects.get_or_create(
            user_id=request.user.pk,  # type: ignore[misc]
            key=key,
            defaults={"fingerprint": fingerprint},
        )
        if not is_new:
            if kept.fingerprint != fingerprint:
                raise Conflict("This Idempotency-Key came with another request. Take a new one for each.")
            return Response(kept.body, status=kept.status, headers={"Idempotency-Replayed": "true"})
        answer = act()
        kept.status, kept.body = answer.status_code, answer.data
        kept.save(update_fields=["status", "body"])
    return answer


def forget_old_answers() -> None:
    KeptAnswer.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()


def _fingerprint(request: Request) -> str:
    data: Any = [request.method, request.path, request.data]
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
