from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.forms import ChoiceField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from rest_framework.exceptions import APIException
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from devices.admin.filters import ProjectFilter
from devices.admin.history import WithHistory
from devices.admin.scope import ProjectScoped, may_manage
from devices.permissions import Permission
from reports import runs
from reports.kinds import KINDS
from reports.models import ReportTemplate
from reports.refusals import sentence, sentences

PARAMETERS = (
    'Such as {"range": "previous-week", "devices": ["boiler.1"], "sections": ["summary"], "page_size": "A4"}; empty: '
    "as usual for its kind, of the whole project. /api/v1/reports/kinds/ says what each kind has."
)


class TemplateForm(ModelForm):
    kind = ChoiceField(choices=[(name, kind.label) for name, kind in KINDS.items()], widget=UnfoldAdminSelectWidget)
    user: Any = None

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors and {"project", "kind", "said"} <= said.keys():
            row = ReportTemplate(project=said["project"], kind=said["kind"], said=said["said"] or {})
            try:
                row.check_parameters(self.user)
            except (APIException, TypeError) as error:
                self.add_error("said", _words(error))
        return said


@admin.register(ReportTemplate)
class ReportTemplateAdmin(ProjectScoped, WithHistory):
    """Reports that are made again and again."""

    permission = Permission.MANAGE_REPORTS
    form = TemplateForm
    list_display = ["name", "project", "what", "format", "schedule_count", "created_by"]
    list_filter = [("format", ChoicesDropdownFilter), ("project", ProjectFilter)]
    list_select_related = ["project", "created_by"]
    search_fields = ["name"]
    actions_detail = ["run_report"]
    fieldsets = [
        (None, {"fields": ["project", "name", ("kind", "format")]}),
        ("Of what", {"fields": ["said"], "description": PARAMETERS}),
    ]
    nothing = "No templates yet"
    nothing_help = "A template says which report is made again and again: by hand, or by a schedule."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(schedules_of_it=Count("schedules"))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"user": request.user})

    def save_model(self, request: HttpRequest, obj: ReportTemplate, form: ModelForm, change: Any) -> None:
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    def has_run_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_manage(request, Permission.RUN_REPORTS)

    @action(description="Run", icon="play_arrow", permissions=["run"], variant=ActionVariant.PRIMARY)
    def run_report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        template: Any = self.get_object(request, object_id)
        if template is None:
            raise Http404
        try:
            run = runs.start(request.user, template.parameters, template.format, template=template)
        except APIException as error:
            self.message_user(request, sentence(error), messages.ERROR)
            return redirect("admin:reports_reporttemplate_change", object_id)
        return redirect("admin:reports_run_change", run.pk)

    @display(description="kind", ordering="kind")
    def what(self, template: ReportTemplate) -> str:
        return template.kind_in_words

    @display(description="schedules", ordering="schedules_of_it")
    def schedule_count(self, template: Any) -> int:
        return int(template.schedules_of_it)


def _words(error: Exception) -> list[str]:
    if not isinstance(error, APIException):
        return ["Parameters are an object."]
    return [f"{name}: {text}" if name else text for name, texts in sentences(error).items() for text in texts]
