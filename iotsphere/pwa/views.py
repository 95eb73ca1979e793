"""The portal as an app that is installed: its manifest, and the script that browsers keep running for it."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from iotsphere.pwa.version import shell, version

PARTS = ("kept", "files", "answers", "push_events")
BACKGROUND = "#0b0e13"
SHORTCUTS = (("Fleet", "fleet"), ("Dashboards", "dashboard-default"), ("Alerts", "alerts"))


@require_safe
@never_cache
def service_worker(request: HttpRequest) -> HttpResponse:
    """At the root, so that all pages are its own. Its parts are where static files are, under their hashed names."""
    portal = {
        "version": version(),
        "static": settings.STATIC_URL,
        "shell": shell(),
        "offline": reverse("offline"),
        "logout": reverse("logout"),
    }
    parts = "".join(f"importScripts({json.dumps(static(f'js/worker/{part}.js'))});\n" for part in PARTS)
    return HttpResponse(f"const PORTAL = {json.dumps(portal)};\n{parts}", content_type="text/javascript; charset=utf-8")


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    content = {
        "id": "/",
        "name": "IoTSphere",
        "short_name": "IoTSphere",
        "description": "Devices and what they say, as they are right now.",
        "lang": "en",
        "start_url": reverse("fleet"),
        "scope": "/",
        "display": "standalone",
        "background_color": BACKGROUND,
        "theme_color": BACKGROUND,
        "categories": ["business", "utilities"],
        "icons": [
            _icon("icon.svg", "any", "any"),
            _icon("icon-192.png", "192x192", "any"),
            _icon("icon-512.png", "512x512", "any"),
            _icon("maskable-192.png", "192x192", "maskable"),
            _icon("maskable-512.png", "512x512", "maskable"),
        ],
        "shortcuts": [
            {"name": name, "url": reverse(page), "icons": [_icon("icon-192.png", "192x192", "any")]}
            for name, page in SHORTCUTS
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown in place of a page that cannot be had. It is kept by browsers, so it is about nobody."""
    return render(request, "pwa/offline.html")


def _icon(file: str, sizes: str, purpose: str) -> dict[str, str]:
    kind = "svg+xml" if file.endswith(".svg") else "png"
    return {"src": static(f"pwa/{file}"), "sizes": sizes, "type": f"image/{kind}", "purpose": purpose}
