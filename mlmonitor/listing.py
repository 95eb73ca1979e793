"""What the dashboard of models shows, and in which of its tabs: what is asked for in its address."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from alerts.models.alert import Severity
from devices.tabs import Tab
from mlmonitor.models import Alias, ModelStatus, ModelVersion, MonitoredModel

DAYS = (7, 30, 90)
ALERTS_SHOWN = {"open": "Open", "over": "Resolved", "all": "All"}


TABS = [
    Tab("overview", "Models", "brain"),
    Tab("performance", "Performance", "target"),
    Tab("drift", "Drift", "waves"),
    Tab("alerts", "Alerts", "bell"),
    Tab("reports", "Reports", "file-text"),
]


@dataclass(frozen=True, slots=True)
class Report:
    """What can be had of models as a file: `kind` is what the app reports calls it."""

    kind: str
    label: str
    icon: str
    about: str


REPORTS = [
    Report(
        "model-performance", "Performance", "target", "How good predictions were, with intervals, limits and trends."
    ),
    Report("model-drift", "Drift", "waves", "Every feature against its baseline, and what the checks have found."),
    Report("model-alerts", "Alerts", "bell", "What was raised about models, how long it lasted, and who answered."),
    Report("model-full", "All of it", "file-text", "Performance, drift and alerts of each model in one report."),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What cannot be understood is as if it had not been said."""

    tab: str
    model: str = ""
    version: str = ""
    segment: str = ""
    days: int = 30
    status: str = ModelStatus.ACTIVE
    severity: str = ""
    shown: str = "open"

    @classmethod
    def read(cls, request: HttpRequest, tab: str) -> "Asked":
        said = {name: request.GET.get(name, "").replace("\0", "")[:64] for name in ("model", "version", "segment")}
        days, status = request.GET.get("days", ""), request.GET.get("status", "")
        severity, shown = request.GET.get("severity", ""), request.GET.get("shown", "")
        return cls(
            tab,
            said["model"],
            said["version"],
            said["segment"],
            int(days) if days in map(str, DAYS) else 30,
            status if status in ModelStatus.values else ModelStatus.ACTIVE,
            severity if severity in Severity.values else "",
            shown if shown in ALERTS_SHOWN else "open",
        )

    def address(self, tab: str = "", **changed: object) -> str:
        """Of the same view with something changed; `tab`: of another, that is about the same model."""
        asked = replace(self, **changed) if changed else self  # type: ignore[arg-type]
        usual = {"days": 30, "status": ModelStatus.ACTIVE, "shown": "open"}
        kept = ["model"] if tab and tab != self.tab else [name for name in self.__slots__ if name != "tab"]
        said = {name: getattr(asked, name) for name in kept}
        query = urlencode({name: value for name, value in said.items() if value and value != usual.get(name)})
        return reverse("models-tab", args=[tab or self.tab]) + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model and version that are looked at, among those to choose from."""

    models: list[MonitoredModel]
    model: MonitoredModel | None = None
    versions: tuple[ModelVersion, ...] = ()
    version: ModelVersion | None = None


def choose(request: HttpRequest, asked: Asked) -> Chosen:
    """The one that is asked for, else the first; its version that is asked for, else its champion."""
    visible = MonitoredModel.objects.visible_to(request.user).select_related("project").order_by("status", "name", "pk")
    models = list(visible)
    active = [model for model in models if model.is_active]
    model = next((model for model in models if model.key == asked.model), next(iter(active or models), None))
    if model is None:
        return Chosen(models)
    versions = tuple(model.versions.all())
    for version in versions:
        version.model = model
    by_name = next((version for version in versions if version.name == asked.version), None)
    champion = next((version for version in versions if version.alias == Alias.CHAMPION), None)
    return Chosen(models, model, versions, by_name or champion or next(iter(versions), None))
