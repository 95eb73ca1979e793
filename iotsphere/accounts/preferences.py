from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


class PreferencesMiddleware:
    """Shows times in the zone, and pages in the language, that the signed-in person has chosen.

    The API speaks UTC and English.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated or request.path.startswith("/api/"):
            return self.get_response(request)
        with translation.override(getattr(user, "language", None)):
            if zone := getattr(user, "time_zone", None):
                with timezone.override(zone):
                    return self.get_response(request)
            return self.get_response(request)
