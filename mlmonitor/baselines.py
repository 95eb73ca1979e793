"""Make what a version is compared with: from rows or a profile that are sent, or from a window of its own past."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from devices.permissions import AnyUser
from mlmonitor import concept
from mlmonitor.ingest import add_profiles, profiles_by_hour, schema_of, take_turn
from mlmonitor.models import Baseline, BaselineKind, FeatureProfile, ModelVersion, MonitoredModel, Prediction
from mlmonitor.performance import MOST_SEGMENTS, paired_rows
from mlmonitor.profiling import bins_of, describe, read_profile
from mlmonitor.rows import (
    OUTPUT,
    SCORE,
    Refused,
    Rejected,
    Row,
    Schema,
    kinds_of,
    read_feature,
    read_number,
    read_outcome,
    read_segment,
)
from mlmonitor.statistics.arrays import Unanswerable
from mlmonitor.statistics.outcomes import Outcomes
from mlmonitor.statistics.outcomes import Row as OutcomeRow
from mlmonitor.statistics.stream import dependence
from mlmonitor.uploaded import BadProfile, read_features, read_outcomes

FEWEST_ROWS = 100
MOST_ROWS = 200_000
AT_ONCE = 5_000


class NoBaseline(ValueError):
    """Why none can be made, in a sentence for whoever asked; of a profile with the reasons by feature."""

    def __init__(self, why: str, by_feature: Mapping[str, str] | None = None) -> None:
        super().__init__(" ".join([why, *(f"{name}: {reason}" for name, reason in (by_feature or {}).items())]))
        self.by_feature = by_feature or {}


class Learned(NamedTuple):
    """A row that a baseline is made of; None where something is not known."""

    segment: str
    features: Mapping[str, Any] | None
    predicted: str | float | None
    actual: str | float | None
    score: float | None

    @property
    def row(self) -> OutcomeRow | None:
        return None if self.predicted is None else OutcomeRow(self.predicted, self.actual, self.score)


def from_rows(
    version: ModelVersion, said: Sequence[Any], kind: str, by: "AnyUser | None"
) -> tuple[Baseline, list[Rejected]]:
    """From rows in the order of time: {"features": {…}, "predicted", "actual", "score", "segment"}.

    Raises NoBaseline.
    """
    schema = schema_of(version)
    learned: list[Learned] = []
    rejected: list[Rejected] = []
    for index, one in enumerate(said):
        try:
            learned.append(_read(one, schema))
        except Refused as error:
            rejected.append(Rejected(index, "", str(error)))
    return _learn(version, learned, kind, by), rejected


def from_window(version: ModelVersion, start: datetime, end: datetime, by: "AnyUser | None") -> Baseline:
    """From what was predicted in [start, end), as far as its features are still kept. Raises NoBaseline."""
    predictions = Prediction.objects.filter(version=version, time__gte=start, time__lt=end)
    learned = [
        Learned(pair.segment, pair.features, *pair.row)
        for pair in paired_rows(predictions, version.model, with_features=True)[:MOST_ROWS]
    ]
    return _learn(version, learned, BaselineKind.PRODUCTION, by, start, end)


def from_profile(version: ModelVersion, said: Any, kind: str, by: "AnyUser | None") -> Baseline:
    """From {"features": {…}, "outcomes": {…}} as mlmonitor.uploaded reads them; raises NoBaseline."""
    said = said if isinstance(said, Mapping) else {}
    schema = schema_of(version)
    profiles, wrong = read_features(said.get("features"), schema)
    outcomes = Outcomes()
    try:
        if "outcomes" in said:
            outcomes = read_outcomes(said["outcomes"], classifies=schema.classifies)
    except BadProfile as error:
        wrong["outcomes"] = str(error)
    if wrong:
        raise NoBaseline("The profile cannot be used.", wrong)
    rows = max(read_profile(profile.profile).rows for profile in profiles)
    if rows < FEWEST_ROWS:
        raise NoBaseline(f"A baseline stands on at least {FEWEST_ROWS} rows; these are {rows}.")
    baseline = Baseline(version=version, kind=kind, rows=rows, outcomes=outcomes.as_json())
    return _store(baseline, profiles, by)


def rebuild_profiles(baseline: Baseline) -> None:
    """The buckets of a new baseline, from all predictions whose features are still kept."""
    version = baseline.version
    schema = schema_of(version)
    stored = baseline.profiles_of()
    rows: list[Row] = []
    predictions = Prediction.objects.filter(version=version).filter(features__isnull=False).order_by("time", "pk")
    for row in _stored_rows(predictions):
        rows.append(row)
        if len(rows) == AT_ONCE:
            add_profiles(baseline, profiles_by_hour(stored, rows, schema))
            rows = []
    if rows:
        add_profiles(baseline, profiles_by_hour(stored, rows, schema))


def _read(said: Any, schema: Schema) -> Learned:
    if not isinstance(said, Mapping) or not isinstance(said.get("features") or {}, Mapping):
        raise Refused("A row is an object with an object of features.")
    features = said.get("features") or {}
    read = {name: read_feature(features.get(name), kind, name) for name, kind in schema.kinds.items()}
    place = 0 if schema.classifies else 1
    predicted, actual = (
        None if said.get(name) is None else read_outcome(said, name, schema.classifies)[place]
        for name in ("predicted", "actual")
    )
    score = None if said.get("score") is None else read_number(said["score"], "score")
    return Learned(read_segment(said), read, predicted, actual, score)


def _stored_rows(predictions: Any) -> Iterator[Row]:
    fields = ("key", "time", "label", "value", "score", "segment", "features")
    for key, time, label, value, score, segment, features in predictions.values_list(*fields).iterator(AT_ONCE):
        yield Row(0, key, time, "", "", label, value, score, segment, features)


def _learn(
    version: ModelVersion,
    learned: Sequence[Learned],
    kind: str,
    by: "AnyUser | None",
    start: datetime | None = None,
    end: datetime | None = None,
) -> Baseline:
    rows = [one for one in learned if one.features is not None]
    if len(rows) < FEWEST_ROWS:
        raise NoBaseline(f"A baseline takes at least {FEWEST_ROWS} rows with features; there are {len(rows)}.")
    profiles = _profiles(version, rows)
    if not profiles:
        raise NoBaseline("None of the features has a value.")
    by_segment = defaultdict(list)
    for one in learned:
        by_segment[one.segment].append(one)
    sizes = Counter({segment: len(ones) for segment, ones in by_segment.items() if segment})
    segments = [segment for segment, size in sizes.most_common(MOST_SEGMENTS) if size >= FEWEST_ROWS]
    bins = {profile.feature: profile.bins for profile in profiles}
    for segment in segments:
        profiles += _profiles(version, [one for one in rows if one.segment == segment], segment, bins)
    baseline = Baseline(
        version=version,
        kind=kind,
        start=start,
        end=end,
        rows=len(rows),
        outcomes=_outcomes(version, learned),
        outcomes_by_segment={segment: _outcomes(version, by_segment[segment]) for segment in segments},
        dependence=dependence([float(one.predicted != one.actual) for one in learned if one.actual is not None]),
    )
    return _store(baseline, profiles, by)


def _store(baseline: Baseline, profiles: Sequence[FeatureProfile], by: "AnyUser | None") -> Baseline:
    baseline.created_by_id = by.pk if by else None
    with transaction.atomic():
        take_turn(baseline.version.model)
        baseline.save()
        for profile in profiles:
            profile.baseline = baseline
        FeatureProfile.objects.bulk_create(profiles)
        rebuild_profiles(baseline)
    return baseline


def _outcomes(version: ModelVersion, learned: Iterable[Learned]) -> dict[str, Any]:
    rows = [row for one in learned if (row := one.row) is not None]
    return Outcomes.of(rows, positive=version.model.positive_label).as_json()


def _profiles(
    version: ModelVersion, rows: Sequence[Learned], segment: str = "", bins: Mapping[str, Any] | None = None
) -> list[FeatureProfile]:
    """Of all that has a value, in its own bins or in those given."""
    schema = schema_of(version)
    columns: dict[str, list[Any]] = {name: [(one.features or {}).get(name) for one in rows] for name in schema.kinds}
    columns |= {OUTPUT: [one.predicted for one in rows], SCORE: [one.score for one in rows]}
    kinds = kinds_of(schema)
    profiles: list[FeatureProfile] = []
    for name, values in columns.items():
        if all(value is None for value in values) or (bins is not None and name not in bins):
            continue  # nothing can be said of it: its check says so
        try:
            profile = describe(name, kinds[name], values, bins[name] if bins else bins_of(kinds[name], values))
        except Unanswerable:
            continue
        profiles.append(profile)
    if profiles:
        _learn_concept(version.model, profiles, rows)
    for profile in profiles:
        profile.segment = segment
    return profiles


def _learn_concept(model: MonitoredModel, profiles: list[FeatureProfile], rows: Sequence[Learned]) -> None:
    known = [one for one in rows if one.actual is not None]
    if len(known) < FEWEST_ROWS:
        return
    actual = [one.actual for one in known]
    bins = concept.outcome_bins(actual)
    for profile in profiles:
        if profile.feature not in {OUTPUT, SCORE}:
            values = [(one.features or {}).get(profile.feature) for one in known]
            concept.describe_outcomes(profile, values, actual, bins)
    residuals = concept.describe_residuals(model, [row for one in known if (row := one.row) is not None])
    if residuals is not None:
        profiles.append(residuals)
