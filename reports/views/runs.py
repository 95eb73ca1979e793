"""Reports that were made, one of them, and the form for another."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import APIException

from devices.models import Project
from devices.permissions import Permission, may
from reports import runs
from reports.download import file_of
from reports.forms.report import RANGES, ReportForm, initial_of, of_template
from reports.kinds import KINDS
from reports.links import shared_run
from reports.listing import RunFilters
from reports.models import ReportTemplate, Run
from reports.refusals import sentence
from reports.views.access import require, require_somewhere, visible_run

PAGE_SIZE = 30
DELIVERIES_SHOWN = 100
GONE = "There is no file any more."


@require_safe
@login_required
@never_cache
def reports(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    filters = RunFilters.read(request.GET)
    found = filters.narrow(Run.objects.visible_to(request.user)).select_related("project", "requested_by", "schedule")
    context = {
        "filters": filters,
        "page": Paginator(found.order_by("-requested_at", "-pk"), PAGE_SIZE).get_page(request.GET.get("page")),
        "templates": ReportTemplate.objects.where_user_may(request.user, Permission.RUN_REPORTS)[:12],
        "projects": Project.objects.visible_to(request.user).values_list("slug", "name"),
        "may_run": Project.objects.where_user_may(request.user, Permission.RUN_REPORTS).exists(),
    }
    return render(request, "reports/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """A form for another, as the address or its `template` proposes; posted it is run, or kept as a template."""
    require_somewhere(request, Permission.RUN_REPORTS)
    template = _template(request)
    proposed = of_template(template) if template else initial_of(request.GET.dict())
    form = ReportForm(request.user, request.POST if request.method == "POST" else None, initial=proposed)
    if form.is_bound and form.is_valid():
        answer = _keep(request, form, template) if "keep" in request.POST else _run(request, form, template)
        if answer is not None:
            return answer
    context = {
        "form": form,
        "template": template,
        "ranges": RANGES,
        "may_keep": Project.objects.where_user_may(request.user, Permission.MANAGE_REPORTS).exists(),
    }
    return render(request, "reports/new.html", context, status=422 if form.is_bound else 200)


@require_safe
@login_required
@never_cache
def report(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found = visible_run(request, uuid)
    manages = may(request.user, Permission.MANAGE_REPORTS, found.project)
    context = {
        "run": found,
        "kind": KINDS[found.kind].label if found.kind in KINDS else found.kind,
        "also": list(found.also.all()),
        "may_run": may(request.user, Permission.RUN_REPORTS, found.project),
        "may_manage": manages,
        "deliveries": found.deliveries.select_related("user")[:DELIVERIES_SHOWN] if manages else [],
    }
    return render(request, "reports/run.html", context)


@require_safe
@login_required
@never_cache
def file(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    found = visible_run(request, uuid)
    if not found.has_file:
        raise Http404(GONE)
    return file_of(request, found)


@require_safe
@never_cache
def shared(request: HttpRequest, token: str) -> HttpResponseBase:
    """For people without an account: what the address that they were sent leads to, as long as it is for them."""
    found = shared_run(token)
    if found is None:
        return render(request, "reports/gone.html", status=404)
    return file_of(request, found)


@require_POST
@login_required
def change(request: HttpRequest, uuid: UUID, verb: str) -> HttpResponse:
    """Cancel it, or run it again."""
    found = visible_run(request, uuid)
    require(request, Permission.RUN_REPORTS, found.project)
    match verb:
        case "cancel":
            messages.info(request, "Cancelled." if runs.cancel(found) else "It was over already.")
            return redirect(found)
        case "again":
            try:
                return redirect(runs.again(found, request.user))
            except APIException as error:
                messages.warning(request, sentence(error))
                return redirect(found)
    raise Http404


def _template(request: HttpRequest) -> ReportTemplate | None:
    asked = request.GET.get("template", "")
    if not (asked.isdecimal() and asked.isascii() and len(asked) < 18):
        return None
    found = ReportTemplate.objects.visible_to(request.user).filter(pk=asked).select_related("project").first()
    if found is None:
        raise Http404
    return found


def _run(request: HttpRequest, form: ReportForm, template: ReportTemplate | None) -> HttpResponse | None:
    try:
        run = runs.start(request.user, form.parameters, form.cleaned_data["format"], template=template)
    except APIException as error:
        form.add_error(None, sentence(error))
        return None
    return redirect(run)


def _keep(request: HttpRequest, form: ReportForm, template: ReportTemplate | None) -> HttpResponse | None:
    """As a new template, or as the one it was opened with."""
    project, name = form.cleaned_data["project"], form.cleaned_data["name"].strip()
    if project is None:
        form.add_error("project", "A template belongs to one project.")
    elif not name:
        form.add_error("name", "Give the template a name.")
    else:
        require(request, Permission.MANAGE_REPORTS, project)
        row = template if template and template.project == project else ReportTemplate(created_by_id=request.user.pk)
        if row.pk:
            require(request, Permission.MANAGE_REPORTS, row.project)
        row.project, row.name, row.kind = project, name, form.cleaned_data["kind"]
        row.said, row.format = form.parameters, form.cleaned_data["format"]
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            form.add_error("name", f"{project} has a template of that name. Give it another one.")
        else:
            messages.success(request, f"“{row}” is kept.")
            return redirect("report-templates")
    return None
