"""The HTTP door: `POST /api/v1/telemetry` for devices, with an API key."""

import zlib
from collections.abc import Mapping
from typing import IO, Any, cast

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    ParseError,
    PermissionDenied,
    UnsupportedMediaType,
)
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from devices.credentials import authenticate
from devices.models import Credential
from telemetry import rate
from telemetry.decode import MAX_MESSAGES
from telemetry.envelope import MAX_LISTED, as_json
from telemetry.ingest import Envelope, ingest
from telemetry.models import Door
from telemetry.reasons import Reason

log = structlog.get_logger(__name__)

SEND_KEY = "Send `Authorization: Bearer iot_…` with a live API key of the device."
BODY = "body"
# When nothing else was sent, the request as a whole was not the sender's to make.
NOT_ITS_TO_SEND = {Reason.NOT_ALLOWED, Reason.DEVICE_DISABLED}


class Unavailable(APIException):
    status_code = 503
    default_detail = "The portal cannot store anything at the moment. Nothing was taken: send it again."
    wait = 5  # seconds; becomes Retry-After


class TooLarge(APIException):
    status_code = 413


class ApiKeyAuthentication(BaseAuthentication):
    """`request.auth` is the credential; there is no user."""

    def authenticate(self, request: Request) -> tuple[None, Credential]:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        address = request.META.get("REMOTE_ADDR", "")  # absent behind a unix socket
        credential = authenticate(key.strip(), address) if scheme.lower() == "bearer" else None
        if credential is None:
            raise AuthenticationFailed(SEND_KEY)
        return None, credential

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "iot_…", "description": "An API key of a device."}


class PerCredential(BaseThrottle):
    """So many requests in each minute."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        credential = cast(Credential, request.auth).pk
        return rate.take({credential: 1})[credential] == 1

    def wait(self) -> float:
        return rate.next_window()


class Body(BaseParser):
    """The body as it came, at most one byte longer than it may be; decoding is ingest's."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        enough = settings.INGEST_MAX_BODY_BYTES + 1
        body = stream.read(enough)
        encoding = (parser_context or {})["request"].headers.get("Content-Encoding", "identity").strip().lower()
        if encoding == "gzip" and len(body) < enough:
            body = unzip(body, enough)
        elif encoding not in ("gzip", "identity"):
            raise UnsupportedMediaType(encoding, f"Content-Encoding may be gzip, not {encoding!r}.")
        return {BODY: body}


def unzip(body: bytes, most: int) -> bytes:
    """The first `most` bytes that come out: what would unpack to more is never unpacked."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = unpacker.decompress(body, most)
    except zlib.error as error:
        raise ParseError(f"The body is not gzip: {error}.") from error
    if not unpacker.eof and len(content) < most:
        raise ParseError("The body is not gzip: its end is missing.")
    return content


MESSAGE = {
    "type": "object",
    "required": ["telemetry"],
    "properties": {
        "telemetry": {
            "type": "object",
            "additionalProperties": True,
            "description": "Numbers, true or false, short texts, and objects of these, whose keys are joined by dots.",
        },
        "timestamp": {
            "description": "ISO 8601 (without a zone: UTC) or an epoch in seconds or milliseconds. Absent: now.",
            "oneOf": [{"type": "string"}, {"type": "number"}],
        },
        "device_id": {"type": "string", "description": "One of the devices behind the sender. Absent: the sender."},
    },
    "example": {"telemetry": {"temperature": 25.5, "humidity": 60.2}, "timestamp": "2025-12-19T12:21:20"},
}
RECEIPT = {
    "type": "object",
    "description": "received = stored + duplicate + quarantined + the counts of what is rejected, in values.",
    "required": ["received", "stored", "duplicate", "quarantined", "rejected", "unlisted"],
    "properties": {
        **{name: {"type": "integer"} for name in ("received", "stored", "duplicate", "quarantined")},
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "key", "reason", "detail", "count"],
                "properties": {
                    "index": {"type": "integer", "description": "The message's place in the list."},
                    "key": {"type": "string", "description": "Empty: all of the message."},
                    "reason": {"type": "string", "enum": Reason.values},
                    "detail": {"type": "string"},
                    "count": {"type": "integer", "description": "How many values."},
                },
            },
        },
        "unlisted": {"type": "integer", "description": f"Rejected values beyond the {MAX_LISTED} entries listed."},
    },
}


class TelemetryView(APIView):
    """Send telemetry: one message or a list of messages, also gzipped.

    Answers once everything is stored. What cannot be stored is listed with the reason, the rest is kept.

    Whoever gets no answer sends the same body again. That is harmless when each message tells its `timestamp`: what
    was stored already is counted as duplicate. A message without one is a new reading each time it comes.
    """

    authentication_classes = (ApiKeyAuthentication,)
    permission_classes = (AllowAny,)  # whoever comes here has a key
    throttle_classes = (PerCredential,)
    parser_classes = (Body,)

    @extend_schema(
        tags=["telemetry"],
        summary="Send telemetry",
        operation_id="send_telemetry",
        request={
            "application/json": {
                "oneOf": [MESSAGE, {"type": "array", "items": MESSAGE, "minItems": 1, "maxItems": MAX_MESSAGES}]
            }
        },
        parameters=[
            OpenApiParameter(
                "Content-Encoding",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                enum=["gzip", "identity"],
                description="How the body is packed. What it unpacks to may be as large as an unpacked body.",
            ),
        ],
        responses={
            202: RECEIPT,
            403: OpenApiResponse(
                description="The device is not in service, or none of it is about a device behind it."
            ),
            429: OpenApiResponse(description="Too many requests with this key. Retry-After says how long."),
            503: OpenApiResponse(description=Unavailable.default_detail),
        },
    )
    def post(self, request: Request) -> Response:
        envelope = Envelope(
            device_id=cast(Credential, request.auth).device.device_id,
            body=cast(Mapping[str, Any], request.data).get(BODY, b""),  # there is none when nothing was sent
            door=Door.HTTP,
            received_at=timezone.now(),
            trace_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        )
        [receipt] = ingest([envelope])
        for item in receipt.rejected:
            if item.reason == Reason.TOO_LARGE:
                raise TooLarge(f"{item.reason.label}. {item.detail}.")
            if item.reason == Reason.MALFORMED:
                raise ParseError(f"{item.reason.label}. {item.detail}.")
        if receipt.received == sum(item.count for item in receipt.rejected if item.reason in NOT_ITS_TO_SEND):
            item = receipt.rejected[0]
            raise PermissionDenied(f"{item.reason.label}: {item.detail}." if item.detail else f"{item.reason.label}.")
        return Response(as_json(receipt), status=202)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError | InterfaceError):
            log.warning("telemetry turned away: the database does not answer", error=str(exc))
            exc = Unavailable()
        return super().handle_exception(exc)
