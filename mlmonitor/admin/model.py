from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from devices.admin.confirm import confirmation, is_confirmed
from devices.admin.filters import ProjectFilter
from devices.admin.history import WithHistory
from devices.admin.page import Page, Rows
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.admin.words import counted
from devices.permissions import Permission
from mlmonitor import checks, deployment
from mlmonitor.baselines import NoBaseline, from_profile, from_window
from mlmonitor.models import (
    Alias,
    Baseline,
    BaselineKind,
    Deployment,
    Feature,
    ModelStatus,
    ModelVersion,
    MonitoredModel,
)
from mlmonitor.models.check import Verdict
from mlmonitor.standing import drifting, with_champion

TONES = {"OK": "success", "Warning": "warning", "Drift": "danger", "Error": "danger", "Not enough data": ""}


class DriftFilter(DropdownFilter):
    title = "drift"
    parameter_name = "drift"
    drifting = "drifting"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(self.drifting, "Active, and its data or concept has drifted")]

    def queryset(self, request: HttpRequest, models: QuerySet[Any]) -> QuerySet[Any]:
        return drifting(models.filter(status=ModelStatus.ACTIVE)) if self.value() == self.drifting else models


class VersionInline(ProjectScoped, Rows):
    permission = Permission.MANAGE_MODELS
    model = ModelVersion
    fields = ["name", "alias", "framework", "created_at"]
    readonly_fields = ["alias", "created_at"]
    show_change_link = True


@admin.register(MonitoredModel)
class MonitoredModelAdmin(ProjectScoped, WithHistory):
    permission = Permission.MANAGE_MODELS
    inlines = [VersionInline]
    list_display = ["name", "key", "task", "project", "champion", "drift", "concept", "status"]
    list_filter = [
        DriftFilter,
        ("status", ChoicesDropdownFilter),
        ("task", ChoicesDropdownFilter),
        ("project", ProjectFilter),
    ]
    list_select_related = ["project"]
    search_fields = ["name", "key", "owner"]
    autocomplete_fields = ["device_types"]
    actions = ["check_selected", "archive_selected", "activate_selected"]
    fieldsets = [
        (None, {"fields": [("name", "key"), "description", ("project", "owner"), ("task", "status")]}),
        ("How it is judged", {"fields": [("positive_label", "averaging"), ("unit", "label_lag_hours", "window_days")]}),
        ("What it reads", {"fields": ["device_types", ("reads_telemetry", "keep_features_days"), "tags"]}),
    ]
    readonly_fields = ["status"]
    nothing = "No models yet"
    nothing_help = "Add one here or by REST, give it a version, and send its predictions."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_champion(super().get_queryset(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """What it is called and predicts is chosen once."""
        return ["status", "key", "task", "project"] if obj else ["status"]

    def has_manage_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.has_change_permission(request)

    @display(description="champion")
    def champion(self, model: Any) -> str:
        return model.champion_name or "–"

    @display(description="data drift", label=TONES)
    def drift(self, model: Any) -> str:
        return _in_words(model.last_verdict)

    @display(description="concept drift", label=TONES)
    def concept(self, model: Any) -> str:
        return _in_words(model.last_concept)

    @action(description="Check now", permissions=["manage"])
    def check_selected(self, request: HttpRequest, models: QuerySet[MonitoredModel]) -> None:
        of_active = ModelVersion.objects.filter(model__in=models, model__status=ModelStatus.ACTIVE)
        versions = list(of_active.exclude(alias="").select_related("model"))
        for version in versions:
            checks.check_now(version, timezone.now())
        checked = len(versions)
        text = f"{counted(checked, 'version')} checked." if checked else "None of them is active and has a champion."
        self.message_user(request, text, messages.SUCCESS if checked else messages.WARNING)

    @action(description="Archive", permissions=["manage"])
    def archive_selected(self, request: HttpRequest, models: QuerySet[MonitoredModel]) -> HttpResponse | None:
        if not is_confirmed(request):
            text = "They are not checked any more and leave the lists; what is known of them stays."
            return confirmation(self, request, models, title="Archive these models?", text=text, submit="Archive")
        self._each(request, models, deployment.archive, "archived")
        return None

    @action(description="Activate", permissions=["manage"])
    def activate_selected(self, request: HttpRequest, models: QuerySet[MonitoredModel]) -> None:
        self._each(request, models, deployment.activate, "activated")

    def _each(
        self, request: HttpRequest, models: QuerySet[Any], verb: Callable[[MonitoredModel, Any], bool], done: str
    ) -> None:
        changed = sum(verb(model, request.user) for model in models)
        self.message_user(request, f"{counted(changed, 'model')} {done}.")


class FeatureInline(ProjectScoped, Rows):
    permission = Permission.MANAGE_MODELS
    model = Feature
    fields = ["key", "kind", "unit", "importance", "is_monitored"]


class DeploymentInline(ReadOnly, ProjectScoped, Rows):
    permission = Permission.MANAGE_MODELS
    model = Deployment
    fields = ["alias", "deployed_at", "retired_at", "by"]
    readonly_fields = ["alias", "deployed_at", "retired_at", "by"]
    verbose_name_plural = "deployment history"


class WindowForm(forms.Form):
    days = forms.IntegerField(min_value=1, max_value=365, initial=14, label="Days back from now")


class ProfileForm(forms.Form):
    kind = forms.ChoiceField(
        choices=[(kind.value, kind.label) for kind in (BaselineKind.TRAINING, BaselineKind.VALIDATION)]
    )
    profile = forms.JSONField(initial={"features": {}}, label="Profile, JSON")


@admin.register(ModelVersion)
class ModelVersionAdmin(ProjectScoped, Page):
    permission = Permission.MANAGE_MODELS
    inlines = [FeatureInline, DeploymentInline]
    list_display = ["name", "model", "alias", "framework", "created_at"]
    list_filter = [("alias", ChoicesDropdownFilter), ("model__project", ProjectFilter)]
    list_select_related = ["model"]
    search_fields = ["name", "model__name", "model__key"]
    autocomplete_fields = ["model"]
    fields = [("model", "name"), ("framework", "alias"), "parameters"]
    readonly_fields = ["alias"]
    actions_detail = ["make_champion", "make_challenger", "check_now", "baseline_of_window", "baseline_of_profile"]
    nothing = "No versions yet"
    nothing_help = "A model is watched by its versions: add one here, on the model's page, or by REST."

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return ["alias", "model"] if obj else ["alias"]

    def has_manage_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.has_change_permission(request)

    @action(description="Make it champion", icon="trophy", permissions=["manage"])
    def make_champion(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._promote(request, object_id, Alias.CHAMPION)

    @action(description="Make it challenger", icon="swords", permissions=["manage"])
    def make_challenger(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._promote(request, object_id, Alias.CHALLENGER)

    @action(description="Check now", icon="fact_check", permissions=["manage"])
    def check_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self._version(request, object_id)
        if not is_confirmed(request):
            text = "The window that ends with this hour is compared with its baseline."
            return confirmation(self, request, [version], title="Check it now?", text=text, submit="Check")
        found = checks.check_now(version, timezone.now())
        text = f"Data: {found.get_verdict_display()}. Concept: {found.get_concept_display()}."
        is_bad = Verdict.DRIFT in (found.verdict, found.concept)
        self.message_user(request, text, messages.WARNING if is_bad else messages.SUCCESS)
        return redirect("admin:mlmonitor_driftcheck_change", found.pk)

    @action(description="Baseline from a window", icon="straighten", permissions=["manage"])
    def baseline_of_window(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self._version(request, object_id)
        form = WindowForm(request.POST if is_confirmed(request) else None)
        if not form.is_bound or not form.is_valid():
            text = "What was predicted in these days becomes what later days are compared with."
            return confirmation(
                self, request, [version], title="Make a baseline?", text=text, submit="Make it", form=form
            )
        now = timezone.now()
        start = now - timedelta(days=form.cleaned_data["days"])
        return self._baseline(request, object_id, lambda: from_window(version, start, now, request.user))

    @action(description="Baseline from a profile", icon="upload_file", permissions=["manage"])
    def baseline_of_profile(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self._version(request, object_id)
        form = ProfileForm(request.POST if is_confirmed(request) else None)
        if not form.is_bound or not form.is_valid():
            text = "Counts in bins instead of rows, as POST /api/v1/models/{key}/baselines/ takes them."
            return confirmation(
                self, request, [version], title="Make a baseline?", text=text, submit="Make it", form=form
            )
        said = form.cleaned_data
        return self._baseline(
            request, object_id, lambda: from_profile(version, said["profile"], said["kind"], request.user)
        )

    def _baseline(self, request: HttpRequest, object_id: str, make: Callable[[], Baseline]) -> HttpResponse:
        try:
            made = make()
        except NoBaseline as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:mlmonitor_modelversion_change", object_id)
        self.message_user(request, f"A baseline of {made.rows:,} rows.", messages.SUCCESS)
        return redirect("admin:mlmonitor_baseline_change", made.pk)

    def _promote(self, request: HttpRequest, object_id: str, alias: Alias) -> HttpResponse:
        version = self._version(request, object_id)
        if not is_confirmed(request):
            text = f"The {alias.label.lower()} of {version.model} is then this version, from now on."
            return confirmation(self, request, [version], title="Promote it?", text=text, submit="Promote")
        if deployment.promote(version, alias, request.user, timezone.now()):
            self.message_user(request, f"{version} is {alias.label.lower()}.", messages.SUCCESS)
        return redirect("admin:mlmonitor_modelversion_change", object_id)

    def _version(self, request: HttpRequest, object_id: str) -> ModelVersion:
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404
        return version


def _in_words(verdict: str | None) -> str:
    return str(Verdict(verdict).label) if verdict else "–"
