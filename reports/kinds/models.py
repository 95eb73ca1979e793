"""The reports about models: each has a section for each model, of the parts that are chosen."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts.models.alert import AlertQuerySet
from alerts.raising import alerts_about
from mlmonitor.history import performance_of
from mlmonitor.models import Alias, ModelVersion, MonitoredModel
from reports.documents import Block, Column, Form, Heading, Missing, Row, Section, Table, Text
from reports.kinds.alerts import Alerts, listed
from reports.kinds.drift import checks_of, drift_blocks
from reports.kinds.kind import Kind, Progress
from reports.kinds.performance import comparison_blocks, performance_blocks, range_of
from reports.words import word

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LISTED = 50


class _OfModels(Kind):
    is_about_devices = False
    is_about_models = True

    def seconds(self) -> float:
        return 0.3 + self.asked.models.count() * (0.3 + 0.01 * self.asked.length.days)

    def title(self) -> str:
        model = self.asked.models.first() if len(self.asked.model_keys) == 1 else None
        return f"{self.label}: {model}" if model else super().title()

    def make_sections(self, progress: Progress) -> Iterator[Section]:
        models = list(self.asked.models)
        several = len(self.asked.sections) > 1
        for number, model in enumerate(models):
            progress(number / len(models))
            version = version_of(model)
            blocks: list[Block] = []
            for name in self.asked.sections:
                part = list(getattr(self, name)(model, version)) if version else []
                blocks += [Heading(str(self.sections[name])), *part] if several and part else part
            if version is None:
                blocks.append(Missing(_("%(model)s has no version yet.") % {"model": model}))
            yield Section(model.key, model.name, blocks)
        if not models:
            yield Section("models", _("Models"), [Missing(_("there are no models here."))])

    @property
    def versions(self) -> Iterator[ModelVersion]:
        return (version for model in self.asked.models if (version := version_of(model)))

    def about(self, model: MonitoredModel, version: ModelVersion) -> Iterator[Block]:
        facts = [str(version), word(version.get_alias_display()), word(model.get_task_display()), model.owner]
        yield Text(" · ".join(filter(None, facts)))
        if model.description:
            yield Text(model.description)

    def performance(self, model: MonitoredModel, version: ModelVersion) -> Iterator[Block]:
        return performance_blocks(version, self.asked)

    def comparison(self, model: MonitoredModel, version: ModelVersion) -> Iterator[Block]:
        return comparison_blocks(version, self.asked)

    def drift(self, model: MonitoredModel, version: ModelVersion) -> Iterator[Block]:
        return drift_blocks(version, self.asked)


class ModelPerformance(_OfModels):
    name = "model-performance"
    label = gettext_lazy("Model performance")
    description = gettext_lazy(
        "How good each model's predictions were, beside its baseline, its limits and its other versions."
    )
    icon = "target"
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "about": gettext_lazy("About"),
        "performance": gettext_lazy("Performance"),
        "comparison": gettext_lazy("Beside other versions"),
    }

    def table(self) -> Table:
        columns = [
            Column("model", _("Model")),
            Column("version", _("Version")),
            Column("time", _("From"), Form.TIME),
            Column("metric", _("Metric")),
            Column("value", _("Value"), Form.NUMBER),
            Column("low", _("From"), Form.NUMBER),
            Column("high", _("To"), Form.NUMBER),
            Column("predicted", _("Predictions"), Form.NUMBER),
            Column("labelled", _("Outcomes known"), Form.NUMBER),
        ]
        return Table("performance", _("Performance"), columns, self._rows)

    def _rows(self) -> Iterator[Row]:
        for version in self.versions:
            found = performance_of(version, range_of(self.asked))
            for point in found.points:
                for metric in found.metrics:
                    low, high = found.interval(point.outcomes, metric) or (None, None)
                    value, outcomes = found.figure(point.outcomes, metric), point.outcomes
                    head = version.model.key, version.name, point.time, metric
                    yield *head, value, low, high, outcomes.predicted, outcomes.labelled


class ModelDrift(_OfModels):
    name = "model-drift"
    label = gettext_lazy("Model drift")
    description = gettext_lazy(
        "Whether each model gets other data than it learned from, feature by feature, and what checks found."
    )
    icon = "waves"
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {"about": gettext_lazy("About"), "drift": gettext_lazy("Drift")}

    def table(self) -> Table:
        columns = [
            Column("model", _("Model")),
            Column("version", _("Version")),
            Column("start", _("From"), Form.TIME),
            Column("end", _("To"), Form.TIME),
            Column("feature", _("Feature")),
            Column("verdict", _("Verdict"), Form.STATE),
            Column("severity", _("Severity"), Form.STATE),
            Column("psi", _("PSI"), Form.NUMBER),
            Column("limit", _("Limit"), Form.NUMBER),
            Column("js", _("JS distance"), Form.NUMBER),
            Column("ks", _("KS D"), Form.NUMBER),
            Column("wasserstein", _("Wasserstein"), Form.NUMBER),
            Column("missing_change", _("Missing more often"), Form.NUMBER),
            Column("unseen_share", _("Unseen"), Form.NUMBER),
            Column("rows", _("Rows"), Form.NUMBER),
        ]
        return Table("checks", _("Checks"), columns, self._rows)

    def _rows(self) -> Iterator[Row]:
        for version in self.versions:
            for check in checks_of(version, self.asked):
                head = version.model.key, version.name, check.start, check.end
                for row in check.features.order_by("feature"):
                    distances = row.psi, row.limit, row.js, row.ks, row.wasserstein
                    besides = row.missing_change, row.unseen_share, row.n
                    yield *head, row.feature, row.verdict, row.severity, *distances, *besides


class ModelAlerts(Alerts):
    """As the report of alerts, of those that were raised about models."""

    name = "model-alerts"
    label = gettext_lazy("Model alerts")
    description = gettext_lazy("What was raised about models, when, and how long people took to answer.")
    icon = "bell-ring"
    is_about_devices = False
    is_about_models = True
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "summary": gettext_lazy("Summary"),
        "patterns": gettext_lazy("When they came"),
        "topics": gettext_lazy("What was wrong most often"),
        "alerts": gettext_lazy("Alerts"),
    }

    @property
    def every(self) -> AlertQuerySet:
        kind = ContentType.objects.get_for_model(MonitoredModel)
        alerts = super().every.filter(about_type=kind)
        return alerts.filter(about_id__in=self.asked.models) if self.asked.model_keys else alerts

    def topics(self) -> list[Block]:
        return [self.noisiest()[0]]


class FullModel(ModelPerformance):
    name = "model-full"
    label = gettext_lazy("Full model report")
    description = gettext_lazy(
        "All that is known of each model: its performance, its versions, its drift and its alerts."
    )
    icon = "brain"
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "about": gettext_lazy("About"),
        "performance": gettext_lazy("Performance"),
        "comparison": gettext_lazy("Beside other versions"),
        "drift": gettext_lazy("Drift"),
        "alerts": gettext_lazy("Alerts"),
    }

    def alerts(self, model: MonitoredModel, version: ModelVersion) -> Iterator[Block]:
        asked = self.asked
        yield listed(alerts_about(model).filter(event_time__gte=asked.start, event_time__lt=asked.end), LISTED)


def version_of(model: MonitoredModel) -> ModelVersion | None:
    """Its champion, else the newest: as its page shows it."""
    versions = list(model.versions.all())
    for version in versions:
        version.model = model
    champion = (version for version in versions if version.alias == Alias.CHAMPION)
    return next(champion, versions[0] if versions else None)
