"""The script that browsers keep running for the portal when none of its pages is open."""

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PARTS = ("js/push_events.js",)


@require_safe
@never_cache
def service_worker(request: HttpRequest) -> HttpResponse:
    """At the root, so that all pages are its own. Its parts are where static files are, under their hashed names."""
    parts = "".join(f'importScripts("{static(part)}");\n' for part in PARTS)
    return HttpResponse(parts, content_type="text/javascript; charset=utf-8")
