from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from devices.audit import record
from devices.console.brokers import brokers_for


@require_safe
@login_required
@never_cache
def console(request: HttpRequest) -> HttpResponse:
    """The page; all that it does goes through the socket."""
    brokers = brokers_for(request.user)
    if not brokers:
        record(request.user, "console.refused", "MQTT console", project=None, reason="no operator")
        raise PermissionDenied
    return render(request, "dashboards/console.html", {"brokers": brokers})
