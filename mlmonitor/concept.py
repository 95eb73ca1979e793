"""Signs of concept drift besides performance: while inputs are as they were, errors or outcomes are not.

A baseline remembers how its errors were distributed, and which outcomes came in each of the bins of its features.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlmonitor.models import Baseline, FeatureKind, FeatureProfile, ModelVersion, MonitoredModel, Prediction
from mlmonitor.performance import paired_rows
from mlmonitor.profiling import bins_of, describe, places_of, profile_of, reference_of
from mlmonitor.statistics import drift
from mlmonitor.statistics.arrays import Counts
from mlmonitor.statistics.chunks import Spread, chunk_spreads, limit_for
from mlmonitor.statistics.conditional import psi_within
from mlmonitor.statistics.drift import FALSE_FINDINGS, FEWEST_CURRENT, FEWEST_REFERENCE, Limits, Verdict
from mlmonitor.statistics.outcomes import Row
from mlmonitor.statistics.profiles import MERGED_BINS
from mlmonitor.statistics.tails import significant

RESIDUAL = "$residual"
CLASSES = 9
"""Of more, the rarer ones count together."""
FIFTHS = (0.2, 0.4, 0.6, 0.8)
MOST_ROWS = 20_000

Reason = dict[str, str]


def residuals(model: MonitoredModel, rows: Sequence[Row]) -> list[float]:
    """What came less what was said, of numbers or of the probability of two classes; of others there is none."""
    if not model.classifies:
        return [float(row.actual) - float(row.predicted) for row in rows if row.actual is not None]
    if not model.positive_label:
        return []
    known = [row for row in rows if row.actual is not None and row.score is not None]
    return [float(row.actual == model.positive_label) - float(row.score or 0.0) for row in known]


def describe_residuals(model: MonitoredModel, rows: Sequence[Row]) -> FeatureProfile | None:
    """Of a baseline's rows in the order of time; None where there are too few."""
    values = [value for value in residuals(model, rows) if math.isfinite(value)]
    if len(values) < FEWEST_REFERENCE:
        return None
    return describe(RESIDUAL, FeatureKind.NUMERIC, values, bins_of(FeatureKind.NUMERIC, values))


def outcome_bins(actual: Sequence[Any]) -> dict[str, Any]:
    """Classes by name, the most frequent first; of numbers the fifths."""
    if isinstance(actual[0], str):
        names, counts = np.unique(np.asarray(actual, dtype=object).astype(str), return_counts=True)
        return {"classes": [str(names[place]) for place in np.argsort(-counts, kind="stable")[:CLASSES]]}
    edges = np.quantile(np.asarray(actual, dtype=float), FIFTHS, method="inverted_cdf")
    return {"edges": sorted({float(edge) for edge in edges})}


def describe_outcomes(stored: FeatureProfile, values: Sequence[Any], actual: Sequence[Any], of: dict[str, Any]) -> None:
    """Which outcomes came in each bin of a baseline's feature, and how much its own chunks differ in that."""
    cells, outcomes = _cells(stored, values, actual, of)
    spreads = chunk_spreads(cells, lambda before, now: psi_within(before, now, outcomes).value, MERGED_BINS * outcomes)
    stored.outcomes = {
        **of,
        "counts": np.bincount(cells, minlength=MERGED_BINS * outcomes).tolist(),
        "spreads": {str(length): list(spread) for length, spread in spreads.items()},
    }


def shifts(
    version: ModelVersion, baseline: Baseline, start: datetime, end: datetime, segment: str, limits: Limits
) -> list[Reason]:
    """What of [start, end), in which the inputs were as in the baseline, speaks for concept drift.

    Only what would be a high drift of an input does: `limits` are those of PSI.
    """
    stored = baseline.profiles_of(segment)
    predictions = Prediction.objects.filter(version=version, time__gte=start, time__lt=end)
    if segment:
        predictions = predictions.filter(segment=segment)
    newest = predictions.filter(pk__in=predictions.order_by("-time", "-pk").values("pk")[:MOST_ROWS])
    paired = paired_rows(newest, version.model, with_features=True)
    known = [pair for pair in paired if pair.row.actual is not None]
    found = []
    if residual := _residual_shift(version.model, stored.get(RESIDUAL), [pair.row for pair in known], limits):
        found.append(residual)
    kept = [pair for pair in known if pair.features is not None]
    columns = {name: [(pair.features or {}).get(name) for pair in kept] for name in stored if name[0] != "$"}
    return found + _outcome_shifts(stored, columns, [pair.row.actual for pair in kept], limits)


def _residual_shift(
    model: MonitoredModel, stored: FeatureProfile | None, rows: Sequence[Row], limits: Limits
) -> Reason | None:
    if stored is None:
        return None
    finding = drift.judge(reference_of(stored), profile_of(stored, residuals(model, rows)), limits)
    if finding.verdict != Verdict.DRIFT or finding.severity == "medium":
        return None
    text = f"Errors are other than they were, inputs are not: PSI {finding.psi:.2f}, limit {finding.limit:.2f}"
    return {"kind": "residual", "text": text}


def _outcome_shifts(
    stored: Mapping[str, FeatureProfile], columns: Mapping[str, Sequence[Any]], actual: Sequence[Any], limits: Limits
) -> list[Reason]:
    tested: list[tuple[str, float, float, float]] = []
    for name, values in columns.items():
        said = stored[name].outcomes
        if not said:
            continue
        cells, outcomes = _cells(stored[name], values, actual, said)
        before: Counts = np.asarray(said["counts"], dtype=np.float64)
        if cells.size < FEWEST_CURRENT or before.sum() < FEWEST_REFERENCE:
            continue
        found = psi_within(before, np.bincount(cells, minlength=before.size), outcomes)
        spreads = {int(length): Spread(*pair) for length, pair in said["spreads"].items()}
        own = limit_for(spreads, cells.size, int(before.sum())) or 0.0
        limit = max(limits.medium, own) + limits.high - limits.medium
        tested.append((name, found.value, limit, found.p))
    stands = significant([p for *_, p in tested], FALSE_FINDINGS)
    return [
        {"kind": "target", "text": f"With the same {name} other outcomes come: PSI {value:.2f}, limit {limit:.2f}"}
        for (name, value, limit, _), is_real in zip(tested, stands, strict=True)
        if is_real and value >= limit
    ]


def _cells(
    stored: FeatureProfile, values: Sequence[Any], actual: Sequence[Any], of: Mapping[str, Any]
) -> tuple[NDArray[np.intp], int]:
    """Of each row whose value is not missing the number of its bin and outcome; and how many outcomes there are."""
    if "classes" in of:
        number = {name: place for place, name in enumerate(of["classes"])}
        outcome = np.array([number.get(str(one), len(number)) for one in actual], dtype=np.intp)
        outcomes = len(number) + 1
    else:
        outcome = np.searchsorted(of["edges"], np.asarray(actual, dtype=float), side="right")
        outcomes = len(of["edges"]) + 1
    place = places_of(stored, values)
    return (place * outcomes + outcome)[place >= 0], outcomes
