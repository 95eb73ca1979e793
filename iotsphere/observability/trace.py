import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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
