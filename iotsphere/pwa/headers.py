from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from iotsphere.pwa.version import version


class WhoseMiddleware:
    """Tells the service worker whose an answer is, so that it keeps it for nobody else, and of which version."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        whose = str(request.user.pk) if request.user.is_authenticated else "anonymous"
        response = self.get_response(request)
        response["Portal-User"] = whose
        response["Portal-Version"] = version()
        return response
