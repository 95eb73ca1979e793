"""What a person was told in the portal, how they want to be told, and what became of what was sent."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alerts.forms.preference import PreferenceForm
from alerts.live import mark_read
from alerts.models import Notification, NotificationStatus, Transport
from alerts.notification_listing import DeliveryFilters
from alerts.notify.rulings import Rulings
from alerts.views.access import number
from devices.models import Project
from devices.permissions import Permission

PAGE_SIZE = 50


@require_safe
@login_required
@never_cache
def notifications(request: HttpRequest) -> HttpResponse:
    """The newest first; `?shown=unread` those alone that were not read."""
    visible = Notification.objects.visible_to(request.user)
    told = visible.filter(user=request.user.pk, transport=Transport.IN_APP, status=NotificationStatus.SENT)
    only_unread = request.GET.get("shown") == "unread"
    shown = told.filter(read_at=None) if only_unread else told
    newest = shown.select_related("alert__device", "alert__project", "event").order_by("-pk")
    context = {
        "page": Paginator(newest, PAGE_SIZE).get_page(request.GET.get("page")),
        "filters": {"address": "?shown=unread" if only_unread else "?shown=all"},
        "only_unread": only_unread,
        "unread": told.filter(read_at=None).count(),
        "sees_deliveries": _sees_deliveries(request),
    }
    return render(request, "alerts/notifications.html", context)


@require_POST
@login_required
def read(request: HttpRequest) -> HttpResponse:
    """One `notification`, or all; on to the alert it is about, or back to the list."""
    if "notification" not in request.POST:
        mark_read(request.user)
        return redirect("alerts" if request.POST.get("back") == "alerts" else "notifications")
    mine = Notification.objects.visible_to(request.user).filter(user=request.user.pk)
    found = get_object_or_404(mine.select_related("alert"), pk=number(request.POST["notification"]) or 0)
    mark_read(request.user, pk=found.pk)
    return redirect(found.alert if "open" in request.POST else "notifications")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """How the person wants to be told, and what rules where they say nothing."""
    rulings = Rulings(request.user)
    asked = request.POST.get("project", "") if request.method == "POST" else None
    cards = rulings.cards()
    for card in cards:
        is_posted = asked == card.key
        card.forms = [PreferenceForm.of(row, request.POST if is_posted else None) for row in card.rows]
        if is_posted and not any(form.errors for form in card.forms):
            for form in card.forms:
                form.keep(request.user, card.project)
            messages.success(request, "Saved.")
            return redirect("notification-preferences")
    if asked is not None and asked not in {card.key for card in cards}:
        raise Http404
    return render(request, "alerts/preferences.html", {"cards": cards}, status=200 if asked is None else 422)


@require_safe
@login_required
@never_cache
def deliveries(request: HttpRequest) -> HttpResponse:
    """What became of what was sent, for those who say who is told."""
    if not _sees_deliveries(request):
        raise PermissionDenied(f"You may not {Permission.MANAGE_RULES.label}.")
    filters = DeliveryFilters.read(request.GET)
    sent = filters.narrow(Notification.objects.where_user_may(request.user, Permission.MANAGE_RULES))
    newest = sent.select_related("alert__device", "alert__project", "event", "user", "webhook").order_by("-pk")
    newest = newest.prefetch_related("tries")
    context = {"filters": filters, "page": Paginator(newest, PAGE_SIZE).get_page(request.GET.get("page"))}
    return render(request, "alerts/deliveries.html", context)


def _sees_deliveries(request: HttpRequest) -> bool:
    return Project.objects.where_user_may(request.user, Permission.MANAGE_RULES).exists()
