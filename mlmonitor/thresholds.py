"""Which limits hold for a version: the most particular that somebody set, else the house's own."""

from dataclasses import dataclass

from django.db.models import Q

from mlmonitor.models import ModelVersion, MonitorThreshold
from mlmonitor.models.threshold import Monitored
from mlmonitor.statistics.drift import Limits

OF_RATES = Limits(0.02, 0.05, 0.10)
"""How far below the baseline, as shares."""
OF_ERRORS = Limits(0.10, 0.25, 0.50)
"""By what share above the baseline."""
ERRORS = {Monitored.MAE, Monitored.RMSE}
USUAL = {metric: OF_ERRORS if metric in ERRORS else OF_RATES for metric in Monitored} | {Monitored.PSI: Limits()}


@dataclass(frozen=True, slots=True)
class Limit:
    limits: Limits
    floor: float | None = None
    scope: str = "the portal"


class Thresholds:
    """Of one version, read once."""

    def __init__(self, version: ModelVersion) -> None:
        of = Q(version=version) | Q(version=None, model=version.model_id) | Q(model=None)
        self._rows = list(MonitorThreshold.objects.filter(of))

    def of(self, metric: str, feature: str = "") -> Limit:
        fitting = [row for row in self._rows if row.metric == metric and row.feature in {"", feature}]
        if not fitting:
            return Limit(USUAL[Monitored(metric)])
        row = max(fitting, key=lambda row: (row.feature != "", row.version_id is not None, row.model_id is not None))
        return Limit(Limits(row.medium, row.high, row.critical), row.floor, _scope(row))


def _scope(row: MonitorThreshold) -> str:
    if row.feature:
        return "this feature"
    if row.version_id is not None:
        return "this version"
    return "this model" if row.model_id is not None else "all models"
