"""Where people are signed in, and ending that."""

import re
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from iotsphere.models import SignIn, User

NOTED_EVERY = timedelta(minutes=5)
NOTED = "seen_at"  # in the session: when its row was last written
BROWSERS = (
    ("Edge", r"\bEdg"), ("Opera", r"\bOPR/"), ("Samsung Internet", "SamsungBrowser"), ("Firefox", "Firefox|FxiOS"),
    ("Chrome", "Chrome|CriOS"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("macOS", "Mac OS X"),
    ("ChromeOS", "CrOS"), ("Linux", "Linux"),
)  # fmt: skip


class SeenMiddleware:
    """Notes where people are signed in, and every few minutes that they still are."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.session.session_key:
            seen = request.session.get(NOTED, 0)
            if timezone.now().timestamp() - seen > NOTED_EVERY.total_seconds():
                note(request, request.user)
        return self.get_response(request)


def note(request: HttpRequest, user: User) -> None:
    now = timezone.now()
    request.session[NOTED] = now.timestamp()
    SignIn.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": user,
            "browser": request.META.get("HTTP_USER_AGENT", "")[:300].replace("\0", ""),
            "address": request.META.get("REMOTE_ADDR") or None,
            "seen_at": now,
        },
    )


def live_sign_ins(user: User) -> list[SignIn]:
    """Those whose session is not over, the last seen first."""
    sign_ins = list(user.sign_ins.all())
    keys = [sign_in.session_key for sign_in in sign_ins]
    living = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    alive = set(living.values_list("session_key", flat=True))
    return [sign_in for sign_in in sign_ins if sign_in.session_key in alive]


def forget_over() -> int:
    """Delete the rows of sessions that are over."""
    long_ago = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return SignIn.objects.filter(seen_at__lt=long_ago).delete()[0]


def browser_in_words(agent: str) -> str:
    """`Firefox on Linux`; what it says itself where that is not known."""
    browser = next((name for name, pattern in BROWSERS if re.search(pattern, agent)), "")
    system = next((name for name, pattern in SYSTEMS if re.search(pattern, agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or agent[:60] or "Unknown browser"
