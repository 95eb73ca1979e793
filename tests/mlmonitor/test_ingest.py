"""Predictions and outcomes, as they come in."""

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.models import Project
from mlmonitor.baselines import NoBaseline, from_rows, from_window
from mlmonitor.ingest import take_predictions
from mlmonitor.models import Baseline, GroundTruth, MonitoredModel, PerformanceBucket, Prediction, ProfileBucket
from mlmonitor.performance import outcomes_between, remake_all
from mlmonitor.truth import take_truth
from tests.factories import NOON, DeviceFactory
from tests.mlmonitor.rows import baseline_of, model_of, rows

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=1)
ROWS = rows(8, at=NOON - timedelta(minutes=4))


@pytest.fixture
def model(acme: Project) -> MonitoredModel:
    return model_of(acme)


def buckets(model: MonitoredModel) -> list[Any]:
    remake_all()
    kept = PerformanceBucket.objects.filter(version__model=model).order_by("hour", "segment")
    return list(kept.values_list("hour", "segment", "predicted", "labelled", "outcomes", "is_dirty"))


def test_a_row_is_stored_once_however_often_it_comes(model: MonitoredModel) -> None:
    baseline_of(model)
    first = take_predictions(model, [*ROWS, ROWS[0]], LATER)
    again = take_predictions(model, ROWS, LATER)
    assert (len(first.stored), len(first.duplicate), first.rejected) == (8, 1, [])
    assert (again.stored, len(again.duplicate)) == ([], 8)
    assert Prediction.objects.filter(model=model).count() == 8
    flows = [bucket.profile["n"] for bucket in ProfileBucket.objects.filter(feature="flow").order_by("hour")]
    assert flows == [4, 4]


def test_bad_rows_are_told_and_the_rest_is_done(model: MonitoredModel, acme: Project, globex: Project) -> None:
    DeviceFactory.create(project=acme, device_id="boiler.1")
    DeviceFactory.create(project=globex, device_id="others.1")
    good = {"id": "good", "time": NOON.isoformat(), "predicted": "yes", "features": {"flow": 1, "mode": None}}
    bad: list[tuple[Any, str]] = [
        ("row", "A row is an object"),
        ({**good, "id": ""}, "id is missing"),
        ({**good, "id": "x" * 101}, "id is missing"),
        ({**good, "time": None}, "time is missing"),
        ({**good, "time": "yesterday"}, "no ISO 8601 time"),
        ({**good, "time": (LATER + timedelta(hours=1)).isoformat()}, "in the future"),
        ({**good, "time": True}, "no ISO 8601 time"),
        ({**good, "predicted": None}, "predicted is missing"),
        ({**good, "predicted": 1.5}, "name of a class"),
        ({**good, "score": math.nan}, "finite number"),
        ({**good, "score": "high"}, "score is a number"),
        ({**good, "version": "7"}, "no version '7'"),
        ({**good, "device": "others.1"}, "no device 'others.1'"),
        ({**good, "segment": "x" * 65}, "segment"),
        ({**good, "features": [1]}, "features is an object"),
        ({**good, "features": {"flow": "fast"}}, "flow is a number"),
        ({**good, "features": {"flow": 10**400}}, "too large"),
        ({**good, "features": {"mode": 3}}, "mode is a text"),
    ]
    taken = take_predictions(model, [*(row for row, _ in bad), {**good, "device": "boiler.1"}], LATER)
    assert taken.stored == ["good"]
    assert [(one.index, why in one.reason) for one, (_, why) in zip(taken.rejected, bad, strict=True)] == [
        (number, True) for number in range(len(bad))
    ]


def test_without_a_version_there_is_nothing_to_predict(acme: Project) -> None:
    model = model_of(acme)
    model.versions.all().delete()
    assert "none yet" in take_predictions(model, ROWS[:1], LATER).rejected[0].reason


ORDERS = st.permutations(["predictions", "wrong", "first half", "second half", "remake"])


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=ORDERS)
def test_outcomes_late_early_and_revised_give_the_same_as_in_order(model: MonitoredModel, order: list[str]) -> None:
    """Wrong outcomes come at some time, and right ones after them: at the end only these count."""
    for kind in (Prediction, GroundTruth, PerformanceBucket):
        kind.objects.all().delete()
    wrong = [{**row, "actual": "no"} for row in ROWS]
    steps = {
        "predictions": lambda: take_predictions(model, ROWS, LATER),
        "wrong": lambda: take_truth(model, wrong, LATER),
        "first half": lambda: take_truth(model, ROWS[:4], LATER),
        "second half": lambda: take_truth(model, ROWS[4:], LATER),
        "remake": remake_all,
    }
    for step in order:
        steps[step]()
    take_truth(model, ROWS, LATER)
    found = buckets(model)
    for kind in (Prediction, GroundTruth, PerformanceBucket):
        kind.objects.all().delete()
    take_predictions(model, ROWS, LATER)
    take_truth(model, ROWS, LATER)
    assert found == buckets(model)
    assert sum(bucket[3] for bucket in found) == 8


def test_what_becomes_of_outcomes_is_told(model: MonitoredModel) -> None:
    held = take_truth(model, ROWS[:1], LATER)
    take_predictions(model, ROWS, LATER)
    other = {"yes": "no", "no": "yes"}
    told = take_truth(
        model, [ROWS[0], ROWS[1], {"id": "p2"}, {**ROWS[0], "id": "p3", "actual": other[ROWS[3]["actual"]]}], LATER
    )
    revised = take_truth(model, [ROWS[3]], LATER)
    assert (held.held, told.unchanged, told.joined, revised.revised) == (["p0"], ["p0"], ["p1", "p3"], ["p3"])
    assert told.rejected[0].reason == "actual is missing."
    assert GroundTruth.objects.get(key="p3").revision == 2


def test_sums_of_hours_are_what_all_rows_come_to(model: MonitoredModel) -> None:
    many = rows(300)
    take_predictions(model, many, LATER)
    take_truth(model, many[:200], LATER)
    remake_all()
    found = outcomes_between(model.versions.get(), NOON, LATER)
    hits = sum(row["predicted"] == row["actual"] for row in many[:200])
    assert (found.predicted, found.labelled, found.confusion.hits) == (300, 200, hits)
    assert found.expected.n == 300
    assert found.expected_known.accuracy == pytest.approx(hits / 200, abs=0.1)


def test_numbers_are_judged_by_their_errors(acme: Project) -> None:
    model = model_of(acme, key="demand", task="regression", positive_label="")
    said = [{"id": str(n), "time": NOON.isoformat(), "predicted": n, "actual": n + 1.0} for n in range(10)]
    take_predictions(model, said, LATER)
    take_truth(model, said, LATER)
    remake_all()
    found = outcomes_between(model.versions.get(), NOON, LATER)
    assert (found.figure("mae"), found.figure("bias")) == (1.0, -1.0)


def test_a_baseline_profiles_what_came_before_it(model: MonitoredModel) -> None:
    take_predictions(model, rows(150), LATER)
    assert not ProfileBucket.objects.exists()
    baseline = baseline_of(model)
    assert sum(b.profile["n"] for b in ProfileBucket.objects.filter(baseline=baseline, feature="flow")) == 150
    assert set(baseline.profiles_of()) == {"$prediction", "$residual", "$score", "flow", "mode"}


def test_a_baseline_may_be_a_window_of_the_past(model: MonitoredModel) -> None:
    many = rows(150)
    take_predictions(model, many, LATER)
    take_truth(model, many, LATER)
    baseline = from_window(model.versions.get(), NOON, NOON + timedelta(minutes=120), None)
    assert (baseline.rows, baseline.outcomes["labelled"]) == (120, 120)


def test_too_few_rows_make_no_baseline(model: MonitoredModel) -> None:
    version = model.versions.get()
    with pytest.raises(NoBaseline, match="at least 100 rows"):
        from_window(version, NOON, LATER, None)
    with pytest.raises(NoBaseline, match="None of the features"):
        from_rows(version, [{"features": {}}] * 100, "training", None)
    baseline, rejected = from_rows(version, [*rows(100), {"features": {"flow": "x"}}, "row"], "training", None)
    assert (baseline.rows, [one.index for one in rejected]) == (100, [100, 101])
    assert Baseline.objects.count() == 1
