"""Whether a version has become worse, and whether what it learned still holds. Pure, but for the limits it is given."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mlmonitor.statistics.distances import proportions_differ
from mlmonitor.statistics.estimate import is_worse_than_expected
from mlmonitor.statistics.outcomes import Outcomes
from mlmonitor.statistics.performance import Errors
from mlmonitor.statistics.tails import normal_tail
from mlmonitor.thresholds import ERRORS, Limit

FEWEST_LABELLED = 30
SIGNIFICANT = 0.01
RATES = ("accuracy", "precision", "recall", "f1")
SIZES = ("mae", "rmse")
LABELS = {"f1": "F1", "mae": "MAE", "rmse": "RMSE", "r2": "R²", "mape": "MAPE", "auc": "ROC AUC", "psi": "PSI"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of a window beside the baseline's; `severity` is empty while it is good enough."""

    metric: str
    value: float | None
    low: float | None
    high: float | None
    baseline: float | None
    limit: float | None
    scope: str
    severity: str
    p: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def figures(
    now: Outcomes,
    before: Outcomes,
    limit_of: Callable[[str], Limit],
    *,
    classifies: bool,
    averaging: str,
    positive: str,
    chance: float = SIGNIFICANT,
) -> list[Figure]:
    """Every metric of the task. Fewer than 30 known outcomes are not judged, nor is what may be chance."""
    found = []
    for metric in RATES if classifies else SIZES:
        value, usual = (outcomes.figure(metric, averaging, positive) for outcomes in (now, before))
        interval = now.interval(metric, averaging, positive)
        limit = limit_of(metric)
        bound = _bound(metric, usual, limit)
        p = _p(metric, now, before, averaging, positive)
        severity = ""
        if now.labelled >= FEWEST_LABELLED and value is not None:
            severity = _severity(metric, value, usual, limit, is_real=p < chance)
        low, high = interval or (None, None)
        found.append(Figure(metric, value, low, high, usual, bound, limit.scope, severity, p))
    return found


def concept_reasons(now: Outcomes, before: Outcomes, found: Sequence[Figure]) -> list[dict[str, str]]:
    """Why the relation of inputs and outcomes seems to have changed, if it does; never because inputs have."""
    reasons = [
        {"kind": "performance", "text": f"{label(figure.metric)} is {figure.value:.3g}, the limit {figure.limit:.3g}"}
        for figure in found
        if figure.severity and figure.value is not None and figure.limit is not None
    ]
    usual = before.expected_known
    gap = (usual.accuracy or 0.0) - before.expected_hits / usual.n if usual.n else 0.0
    if now.expected_known.n >= FEWEST_LABELLED and is_worse_than_expected(
        now.expected_known, now.expected_hits, usual_gap=gap
    ):
        expected, seen = now.expected_known.accuracy or 0.0, now.expected_hits / now.expected_known.n
        text = f"Its own scores promise an accuracy of {expected:.1%}, {seen:.1%} came true"
        reasons.append({"kind": "estimate", "text": text})
    return reasons


def label(metric: str) -> str:
    return LABELS.get(metric, metric.replace("_", " ").capitalize())


def _bound(metric: str, usual: float | None, limit: Limit) -> float | None:
    """Where medium begins."""
    if usual is None:
        return limit.floor
    if metric in ERRORS:
        own = usual * (1 + limit.limits.medium)
        return own if limit.floor is None else min(own, limit.floor)
    own = usual - limit.limits.medium
    return own if limit.floor is None else max(own, limit.floor)


def _severity(metric: str, value: float, usual: float | None, limit: Limit, *, is_real: bool) -> str:
    worse = 0.0
    if usual is not None and is_real:
        worse = (value / usual - 1 if usual > 0 else math.inf) if metric in ERRORS else usual - value
    severity = limit.limits.severity(worse) if worse >= limit.limits.medium else ""
    if limit.floor is not None and (value > limit.floor if metric in ERRORS else value < limit.floor):
        return severity if severity == "critical" else "high"
    return severity


def _p(metric: str, now: Outcomes, before: Outcomes, averaging: str, positive: str) -> float:
    """How likely such a difference is by chance."""
    if metric in ERRORS:
        return _p_of_errors(now.errors, before.errors)
    (hits, n), (usual_hits, usual_n) = (_share(metric, outcomes, averaging, positive) for outcomes in (now, before))
    # Of few rows the test knows nothing: precision stands on those that were predicted positive alone.
    enough = min(n, usual_n) >= FEWEST_LABELLED
    return proportions_differ(hits, n, usual_hits, usual_n) if enough else 1.0


def _share(metric: str, outcomes: Outcomes, averaging: str, positive: str) -> tuple[float, float]:
    """A figure as hits of rows. F1 is that of TP among TP + (FP + FN) / 2; means of classes stand on all rows."""
    confusion = outcomes.confusion
    if metric == "accuracy":
        return confusion.hits, confusion.n
    if averaging != "binary":
        value = outcomes.figure(metric, averaging, positive)
        return (value or 0.0) * confusion.n, confusion.n
    hits = confusion.counts.get((positive, positive), 0)
    rows = {
        "precision": confusion.predicted(positive),
        "recall": confusion.support(positive),
        "f1": (confusion.predicted(positive) + confusion.support(positive)) / 2,
    }
    return hits, rows[metric]


def _p_of_errors(now: Errors, before: Errors) -> float:
    """Welch's z of the two mean absolute errors."""
    if now.n < 2 or before.n < 2 or now.mae is None or before.mae is None:
        return 1.0
    noise = now.absolute_m2 / (now.n - 1) / now.n + before.absolute_m2 / (before.n - 1) / before.n
    difference = now.mae - before.mae
    return normal_tail(difference / math.sqrt(noise)) if noise > 0 else float(difference == 0)
