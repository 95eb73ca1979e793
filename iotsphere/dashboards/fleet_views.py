"""Saved views of the fleet: each person's own."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from iotsphere.dashboards.fleet import Filters
from iotsphere.models import FleetView, User

ARRANGEMENTS = ("grid", "list", "map")
MOST = 50


class SaveForm(forms.Form):
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=2000, required=False)
    arrangement = forms.ChoiceField(choices=[(name, name) for name in ARRANGEMENTS])
    is_default = forms.BooleanField(required=False)

    def address(self) -> str:
        """Only what the overview understands of the query."""
        filters = Filters.read(QueryDict(self.cleaned_data["query"].lstrip("?")))
        return f"{filters.address()}&view={self.cleaned_data['arrangement']}"


@require_POST
@login_required
def save(request: HttpRequest) -> HttpResponse:
    """Under a name that there is, the view of that name becomes this one."""
    user = cast(User, request.user)
    form = SaveForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The view was not saved: it needs a name of at most 60 characters.")
        return redirect("fleet")
    name, is_default = form.cleaned_data["name"], form.cleaned_data["is_default"]
    if user.fleet_views.exclude(name=name).count() >= MOST:
        messages.error(request, f"The view was not saved: {MOST} are the most. Delete one first.")
        return redirect("fleet")
    with transaction.atomic():
        if is_default:
            user.fleet_views.update(is_default=False)
        known: dict[str, Any] = {"query": form.address(), "is_default": is_default}
        view, _ = FleetView.objects.update_or_create(user=user, name=name, defaults=known)
    return redirect(view)


@require_POST
@login_required
def make_default(request: HttpRequest, pk: int) -> HttpResponse:
    """The view that the overview begins with; none if it was that already."""
    view = get_object_or_404(FleetView, pk=pk, user=request.user.pk)
    with transaction.atomic():
        FleetView.objects.filter(user=view.user_id).update(is_default=False)
        FleetView.objects.filter(pk=pk).update(is_default=not view.is_default)
    return redirect(view)


@require_POST
@login_required
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(FleetView, pk=pk, user=request.user.pk).delete()
    return redirect("fleet")
