from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage, Rows
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.permissions import Permission
from mlmonitor.admin.model import TONES
from mlmonitor.models import DriftCheck, FeatureDrift

FIGURES = ("feature", "verdict", "severity", "psi", "limit", "rule", "js", "ks", "wasserstein", "n", "reason")


class FeatureDriftInline(ReadOnly, ProjectScoped, Rows):
    permission = Permission.MANAGE_MODELS
    model = FeatureDrift
    fields = FIGURES
    readonly_fields = FIGURES


@admin.register(DriftCheck)
class DriftCheckAdmin(ReadOnly, ProjectScoped, EndlessPage):
    permission = Permission.MANAGE_MODELS
    inlines = [FeatureDriftInline]
    list_display = ["end", "version", "segment", "data", "concept_drift", "quality", "moved", "labelled"]
    list_filter = [
        ("verdict", ChoicesDropdownFilter),
        ("concept", ChoicesDropdownFilter),
        ("end", RangeDateTimeFilter),
        ("version__model__project", ProjectFilter),
    ]
    list_select_related = ["version__model"]
    search_fields = ["version__model__name", "version__model__key"]
    nothing = "No checks yet"
    nothing_help = "Windows are checked four times a day; a version's page has “Check now”."

    @display(description="data drift", ordering="verdict", label=TONES)
    def data(self, check: DriftCheck) -> str:
        return str(check.get_verdict_display())

    @display(description="concept drift", ordering="concept", label=TONES)
    def concept_drift(self, check: DriftCheck) -> str:
        return str(check.get_concept_display())

    @display(description="performance", ordering="performance", label={**TONES, "Worse": "danger"})
    def quality(self, check: DriftCheck) -> str:
        return "Worse" if check.performance == "drift" else str(check.get_performance_display())
