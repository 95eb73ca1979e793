import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject
from django_structlog.middlewares import RequestMiddleware

HEADER = "X-Request-ID"
may_be_logged = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch


class TraceMiddleware:
    """Gives every request an ID, or keeps the one it came with; the answer and all that is logged for it bear it.

    django_structlog takes it from the request into the log, also into that of the tasks which the request starts.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        trace_id = given if may_be_logged(given) else uuid.uuid4().hex
        request.META["HTTP_X_REQUEST_ID"] = trace_id
        response = self.get_response(request)
        response[HEADER] = trace_id
        return response


class RequestLogMiddleware(RequestMiddleware):
    """Logs requests, with who made them where that was looked up.

    Nothing is asked of the database for the log alone: while it is away, each question keeps the sender waiting.
    """

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        if hasattr(request, "_cached_user") or not isinstance(getattr(request, "user", None), LazyObject):
            RequestMiddleware.bind_user_id(request)
