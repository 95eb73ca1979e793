"""Times in which nobody is told."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from alerts.forms.silence import SilenceForm
from alerts.models import Silence
from devices.models import Project
from devices.permissions import Permission, may

PAGE_SIZE = 50
SHOWN = {"": "Now and to come", "over": "Over"}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def silences(request: HttpRequest) -> HttpResponse:
    """Those there are, and a form for another."""
    handled = set(Project.objects.where_user_may(request.user, Permission.HANDLE_ALERTS).values_list("pk", flat=True))
    if request.method == "POST" and not handled:
        raise PermissionDenied(f"You may not {Permission.HANDLE_ALERTS.label}.")
    silence = Silence(created_by_id=request.user.pk)
    form = SilenceForm(request.user, request.POST if request.method == "POST" else None, instance=silence)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, "Nobody is told of these alerts while it lasts. They are raised all the same.")
        return redirect("silences")
    now, shown = timezone.now(), "over" if request.GET.get("shown") == "over" else ""
    found = Silence.objects.visible_to(request.user)
    found = found.filter(ends_at__lte=now) if shown else found.filter(ends_at__gt=now).order_by("starts_at")
    context = {
        "form": form,
        "handled": handled,
        "now": now,
        "page": Paginator(
            found.select_related("project", "rule", "device", "device_type", "created_by"), PAGE_SIZE
        ).get_page(request.GET.get("page")),
        "shown": shown,
        "filters": {"address": f"?shown={shown}"},
        "choices": SHOWN.items(),
    }
    return render(request, "alerts/silences.html", context, status=422 if form.is_bound else 200)


@require_POST
@login_required
def end(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Silence.objects.visible_to(request.user).select_related("project"), pk=pk)
    if not may(request.user, Permission.HANDLE_ALERTS, found.project):
        raise PermissionDenied(f"You may not {Permission.HANDLE_ALERTS.label} in {found.project}.")
    found.end(timezone.now())
    messages.success(request, f"“{found}” is over.")
    return redirect("silences")
