"""Who is told of a project's alerts: what its members get who said nothing themselves, escalation, webhooks."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from alerts.forms.preference import PreferenceForm
from alerts.forms.told import StepForm, WebhookForm
from alerts.models import EscalationStep, NotificationPreference, Webhook
from alerts.notify.preferences import PEOPLE
from alerts.notify.rulings import Row
from alerts.notify.trial import try_webhook
from devices.asked import said
from devices.models import Project
from devices.permissions import Permission

DEFAULTS, NEW = "defaults", "new"
# What a project has several of: by the name that a form is posted under.
SEVERAL: dict[str, Any] = {"step": StepForm, "webhook": WebhookForm}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def told(request: HttpRequest) -> HttpResponse:
    """Of `?project=`, the first that one manages if none is said. A post names the form it is of (`form`)."""
    projects = Project.objects.where_user_may(request.user, Permission.MANAGE_RULES).order_by("name")
    if not projects:
        raise PermissionDenied(f"You may not {Permission.MANAGE_RULES.label}.")
    asked = said(request.GET, "project")
    project = get_object_or_404(projects, slug=asked) if asked else projects[0]
    posted = request.POST if request.method == "POST" else None
    sections: dict[str, list[Any]] = {
        "defaults": _defaults(project, posted),
        "steps": _several("step", EscalationStep(project=project), project.escalation_steps.all(), posted),
        "webhooks": _several("webhook", Webhook(project=project), project.webhooks.all(), posted),
    }
    if posted is not None and (done := _do(posted, project, sections)):
        messages.success(request, done)
        return redirect(f"{reverse('told')}?project={project.slug}")
    context = {"project": project, "projects": projects, **sections}
    return render(request, "alerts/told.html", context, status=200 if posted is None else 422)


def _do(posted: QueryDict, project: Project, sections: dict[str, list[Any]]) -> str:
    """What was done, in a sentence; empty if something is wrong with what was said."""
    if posted.get("form") == DEFAULTS:
        if any(form.errors for form in sections["defaults"]):
            return ""
        for form in sections["defaults"]:
            form.keep(None, project)
        return "Saved."
    form = next((form for form in [*sections["steps"], *sections["webhooks"]] if form.is_bound), None)
    if form is None:
        raise Http404
    if "delete" in posted and form.instance.pk:
        form.instance.delete()
        return "Deleted."
    if "test" in posted and isinstance(form.instance, Webhook) and form.instance.pk:
        trial = try_webhook(form.instance)
        return f"{trial.to}: {trial.answer}"
    if not form.is_valid():
        return ""
    form.save()
    return "Saved."


def _defaults(project: Project, posted: QueryDict | None) -> list[PreferenceForm]:
    of_project = NotificationPreference.objects.filter(user=None, project=project)
    own = {preference.transport: preference for preference in of_project}
    is_meant = posted is not None and posted.get("form") == DEFAULTS
    rows = [Row(transport, own.get(transport), None, "The usual, by role") for transport in PEOPLE]
    return [PreferenceForm.of(row, posted if is_meant else None) for row in rows]


def _several(name: str, empty: Any, rows: Any, posted: QueryDict | None) -> list[Any]:
    """A form for each row, and one for another."""
    forms = []
    for row in [*rows, empty]:
        key = f"{name}-{row.pk or NEW}"
        is_meant = posted is not None and posted.get("form") == key
        forms.append(SEVERAL[name](empty.project, posted if is_meant else None, instance=row, prefix=key))
    return forms
