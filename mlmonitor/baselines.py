"""Make what a version is compared with: from rows that are sent, or from a window of its own past."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from devices.permissions import AnyUser
from mlmonitor.ingest import add_profiles, profiles_by_hour, schemas_of, take_turn
from mlmonitor.models import Baseline, BaselineKind, FeatureProfile, ModelVersion, Prediction
from mlmonitor.performance import paired_rows
from mlmonitor.profiling import describe
from mlmonitor.rows import OUTPUT, SCORE, Refused, Rejected, Row, kinds_of, read_feature, read_number, read_outcome
from mlmonitor.statistics.arrays import Unanswerable
from mlmonitor.statistics.outcomes import Outcomes
from mlmonitor.statistics.outcomes import Row as OutcomeRow

FEWEST_ROWS = 100
MOST_ROWS = 200_000
AT_ONCE = 5_000


class NoBaseline(ValueError):
    """Why none can be made, in a sentence for whoever asked."""


def from_rows(
    version: ModelVersion, said: Sequence[Any], kind: str, by: "AnyUser | None"
) -> tuple[Baseline, list[Rejected]]:
    """From rows in the order of time: {"features": {…}, "predicted", "actual", "score"}. Raises NoBaseline."""
    schema = schemas_of([version], version.model)[version.name]
    columns: dict[str, list[Any]] = {name: [] for name in (*schema.kinds, OUTPUT, SCORE)}
    pairs: list[OutcomeRow] = []
    rejected: list[Rejected] = []
    for index, one in enumerate(said):
        try:
            _read_into(columns, pairs, one, schema.kinds, schema.classifies)
        except Refused as error:
            rejected.append(Rejected(index, "", str(error)))
    outcomes = Outcomes.of(pairs, positive=version.model.positive_label)
    baseline = _save(version, columns, outcomes, len(said) - len(rejected), kind, by)
    return baseline, rejected


def from_window(version: ModelVersion, start: datetime, end: datetime, by: "AnyUser | None") -> Baseline:
    """From what was predicted in [start, end), as far as its features are still kept. Raises NoBaseline."""
    predictions = Prediction.objects.filter(version=version, time__gte=start, time__lt=end)
    schema = schemas_of([version], version.model)[version.name]
    columns: dict[str, list[Any]] = {name: [] for name in (*schema.kinds, OUTPUT, SCORE)}
    rows = 0
    for row in _stored_rows(predictions.filter(features__isnull=False).order_by("time", "pk")[:MOST_ROWS]):
        rows += 1
        for name in schema.kinds:
            columns[name].append(row.features.get(name))
        columns[OUTPUT].append(row.label if schema.classifies else row.value)
        columns[SCORE].append(row.score)
    pairs = [row for _, _, row in paired_rows(predictions, version.model)]
    outcomes = Outcomes.of(pairs, positive=version.model.positive_label)
    return _save(version, columns, outcomes, rows, BaselineKind.PRODUCTION, by, start, end)


def rebuild_profiles(baseline: Baseline) -> None:
    """The buckets of a new baseline, from all predictions whose features are still kept."""
    version = baseline.version
    schema = schemas_of([version], version.model)[version.name]
    stored = {profile.feature: profile for profile in baseline.profiles.all()}
    rows: list[Row] = []
    predictions = Prediction.objects.filter(version=version).filter(features__isnull=False).order_by("time", "pk")
    for row in _stored_rows(predictions):
        rows.append(row)
        if len(rows) == AT_ONCE:
            add_profiles(baseline, profiles_by_hour(stored, rows, schema))
            rows = []
    if rows:
        add_profiles(baseline, profiles_by_hour(stored, rows, schema))


def _read_into(
    columns: dict[str, list[Any]], pairs: list[OutcomeRow], said: Any, kinds: Mapping[str, str], classifies: bool
) -> None:
    if not isinstance(said, Mapping) or not isinstance(said.get("features") or {}, Mapping):
        raise Refused("A row is an object with an object of features.")
    features = said.get("features") or {}
    read = {name: read_feature(features.get(name), kind, name) for name, kind in kinds.items()}
    predicted, actual = (
        None if said.get(name) is None else read_outcome(said, name, classifies) for name in ("predicted", "actual")
    )
    score = None if said.get("score") is None else read_number(said["score"], "score")
    for name, value in read.items():
        columns[name].append(value)
    place = 0 if classifies else 1
    columns[OUTPUT].append(predicted[place] if predicted else None)
    columns[SCORE].append(score)
    if predicted is not None:
        pairs.append(OutcomeRow(predicted[place] or 0.0, actual[place] if actual else None, score))


def _stored_rows(predictions: Any) -> Iterator[Row]:
    fields = ("key", "time", "label", "value", "score", "segment", "features")
    for key, time, label, value, score, segment, features in predictions.values_list(*fields).iterator(AT_ONCE):
        yield Row(0, key, time, "", "", label, value, score, segment, features)


def _save(
    version: ModelVersion,
    columns: Mapping[str, list[Any]],
    outcomes: Outcomes,
    rows: int,
    kind: str,
    by: "AnyUser | None",
    start: datetime | None = None,
    end: datetime | None = None,
) -> Baseline:
    if rows < FEWEST_ROWS:
        raise NoBaseline(f"A baseline takes at least {FEWEST_ROWS} rows with features; there are {rows}.")
    schema = schemas_of([version], version.model)[version.name]
    profiles: list[FeatureProfile] = []
    for name, values in columns.items():
        if all(value is None for value in values):
            continue  # nothing can be said of it: its check says so
        try:
            profiles.append(describe(name, kinds_of(schema)[name], values))
        except Unanswerable:
            continue
    if not profiles:
        raise NoBaseline("None of the features has a value.")
    with transaction.atomic():
        take_turn(version.model)
        baseline = Baseline.objects.create(
            version=version, kind=kind, start=start, end=end, rows=rows, outcomes=outcomes.as_json(),
            created_by_id=by.pk if by else None,
        )  # fmt: skip
        for profile in profiles:
            profile.baseline = baseline
        FeatureProfile.objects.bulk_create(profiles)
        rebuild_profiles(baseline)
    return baseline
