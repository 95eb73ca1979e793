"""Every error as application/problem+json (RFC 9457), whether the REST framework, Django or a bug raises it.

`detail` says what to do; `errors` lists, per field or parameter, what is wrong with it.
"""

import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import NON_FIELD_ERRORS, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.encoding import iri_to_uri
from django.views import defaults
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from devices.api.errors import Conflict
from iotsphere.api.media import JSONRenderer

log = structlog.get_logger(__name__)

API = "/api/"

NOT_FOUND = "Nothing here, or it belongs to a project you are not a member of."
SIGN_IN = "Sign in first: send `Authorization: Bearer <access token>` with a token from /api/v1/token/."
SEND_JSON = "Send application/json."
UNSTORABLE = "A value holds characters or a size that cannot be stored."
CHANGED_MEANWHILE = "This collides with something that exists or has just been changed. Look again, then retry."
STILL_USED = "Other objects still need this one. Remove them first."
TOO_LARGE = "The body is too large."
FAILED = "The portal failed to answer. The error is in its log; try again later."
AWAY = "The portal cannot reach its database or Redis at the moment. Try again shortly."
AWAY_FOR = 5  # seconds; becomes Retry-After


class ProblemRenderer(JSONRenderer):
    media_type = "application/problem+json"


class ContentTooLarge(exceptions.APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = TOO_LARGE


class Away(exceptions.APIException):
    """A server that the portal stands on does not answer."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = AWAY
    wait = AWAY_FOR


def problem(request: HttpRequest | Request, status: int, detail: str, errors: dict[str, list[str]]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": iri_to_uri(request.path),
    }
    return {**answer, "errors": errors} if errors else answer


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The REST framework's exception handler. None, for what is a bug of ours, ends in `server_error`."""
    error = _as_api_exception(error)
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return None
    request: Request = context["request"]
    detail, errors = _words(error, context["view"])
    response.data = problem(request, response.status_code, detail, errors)
    renderer = getattr(request, "accepted_renderer", None)
    if renderer is None or renderer.format != "api":
        request.accepted_renderer, request.accepted_media_type = ProblemRenderer(), ProblemRenderer.media_type
    return response


def _as_api_exception(error: Exception) -> Exception:
    match error:
        case Http404():
            return exceptions.NotFound(NOT_FOUND)
        case DjangoValidationError():
            return exceptions.ValidationError(as_serializer_error(error))
        case RequestDataTooBig():
            return ContentTooLarge()
        case ProtectedError():
            return Conflict(STILL_USED)
        case IntegrityError():
            log.warning("two changes collided", error=str(error))
            return Conflict(CHANGED_MEANWHILE)
        case OperationalError() | InterfaceError() | RedisError():
            log.warning("a server does not answer", error=str(error))
            return Away()
        case DataError():
            log.warning("the database refused a value", error=str(error))
            return exceptions.ValidationError(UNSTORABLE)
    return error


def _words(error: exceptions.APIException, view: Any) -> tuple[str, dict[str, list[str]]]:
    match error:
        case exceptions.ValidationError():
            errors: dict[str, list[str]] = {}
            for path, text in flat(error.detail):
                errors.setdefault(path, []).append(text)
            of_no_field = ("", NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY)
            general = [text for name in of_no_field for text in errors.pop(name, [])]
            return " ".join(general) or f"Not accepted: {', '.join(errors)}.", errors
        case exceptions.NotAuthenticated():
            return SIGN_IN, {}
        case exceptions.UnsupportedMediaType():
            return f"{error.detail} {SEND_JSON}", {}
        case exceptions.MethodNotAllowed():
            return f"{error.detail} Allowed here: {', '.join(view.allowed_methods)}.", {}
    detail = error.detail
    return str(detail.get("detail", "") if isinstance(detail, dict) else detail), {}


def flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The texts of nested errors with the paths of their fields: `metrics.0.key`."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from flat(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            yield from [(path, str(inner))] if isinstance(inner, str) else flat(inner, f"{path}.{position}")
    else:
        yield path, str(detail)


def _page_or_problem(status: int, detail: str, page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Django's own error handlers: problems under /api/, pages everywhere else."""

    def handle(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        if not request.path.startswith(API):
            return page(request) if exception is None else page(request, exception)
        body = ProblemRenderer().render(problem(request, status, detail, {}))
        return HttpResponse(body, status=status, content_type=ProblemRenderer.media_type)

    return handle


def server_error(request: HttpRequest) -> HttpResponse:
    """For a bug 500; 503 while a server that the portal stands on does not answer, which will pass."""
    if isinstance(sys.exception(), OperationalError | InterfaceError | RedisError):
        response = unavailable(request)
        response["Retry-After"] = str(AWAY_FOR)
        return response
    return broken(request)


def _unavailable_page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_to_string("503.html"), status=503)


bad_request = _page_or_problem(400, "The request cannot be understood.", defaults.bad_request)
permission_denied = _page_or_problem(403, "The request is refused.", defaults.permission_denied)
not_found = _page_or_problem(404, NOT_FOUND, defaults.page_not_found)
unavailable = _page_or_problem(503, AWAY, _unavailable_page)
broken = _page_or_problem(500, FAILED, defaults.server_error)
