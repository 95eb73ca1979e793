"""What checks find, and the alerts that come of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.models import Alert
from devices.models import Project
from mlmonitor import checks, profiling, telemetry_feed
from mlmonitor.baselines import from_rows
from mlmonitor.checks import check, check_due, check_now, last_end
from mlmonitor.deployment import archive, promote
from mlmonitor.ingest import take_predictions
from mlmonitor.models import DriftCheck, Feature, MonitoredModel, MonitorThreshold, Prediction
from mlmonitor.retention import forget_features
from mlmonitor.truth import take_truth
from tests.factories import NOON, DeviceFactory, DeviceTypeFactory, MetricFactory, ReadingFactory
from tests.mlmonitor.rows import baseline_of, model_of, rows

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MIDNIGHT = datetime.fromisoformat("2025-12-19T00:00:00+00:00")


@pytest.fixture
def model(acme: Project) -> MonitoredModel:
    model = model_of(acme, label_lag_hours=0)
    baseline_of(model)
    return model


def day(model: MonitoredModel, number: int, *, flip: bool = False, **how: Any) -> DriftCheck:
    """Take in a day of predictions with their outcomes, and check it."""
    start = MIDNIGHT + number * DAY
    said = rows(400, at=start, seed=number, name=f"d{number}-", **how)
    if flip:
        said = [{**row, "actual": "no" if row["actual"] == "yes" else "yes"} for row in said]
    take_predictions(model, said, start + DAY)
    take_truth(model, said, start + DAY)
    return check(model.versions.get(alias="champion"), start, start + DAY, start + DAY)


def titles(model: MonitoredModel, **of: Any) -> list[str]:
    return sorted(Alert.objects.filter(**of, about_id=model.pk).values_list("rule_name", flat=True))


def test_a_calm_day_is_ok(model: MonitoredModel) -> None:
    found = day(model, 0)
    assert (found.verdict, found.concept, found.performance) == ("ok", "ok", "ok")
    assert {row.feature: row.verdict for row in found.features.all()} == dict.fromkeys(
        ["flow", "mode", "$prediction", "$score"], "ok"
    )
    assert titles(model) == []


def test_shifted_inputs_are_data_drift_and_no_concept_drift(model: MonitoredModel) -> None:
    found = day(model, 0, shift=2)
    flow = found.features.get(feature="flow")
    assert (found.verdict, found.concept, flow.verdict, flow.severity) == ("drift", "ok", "drift", "critical")
    assert 1.5 < (flow.wasserstein or 0) < 2.2  # what lies beyond the outermost edges is not seen
    assert titles(model, severity="critical") == ["Data drift"]


def test_flipped_outcomes_are_concept_drift_and_no_data_drift(model: MonitoredModel) -> None:
    found = day(model, 0, flip=True)
    assert (found.verdict, found.concept, found.performance) == ("ok", "drift", "drift")
    assert {reason["kind"] for reason in found.concept_reasons} >= {"performance", "estimate"}
    assert "Concept drift" in titles(model)


def test_errors_that_become_more_frequent_are_noticed_in_their_order(model: MonitoredModel) -> None:
    day(model, 0)
    found = day(model, 1, flip=True)
    assert "stream" in {reason["kind"] for reason in found.concept_reasons}
    again = check(found.version, found.start, found.end, found.end)
    assert again.concept_reasons == found.concept_reasons


def test_it_takes_two_breaches_to_open_and_two_clean_checks_to_settle(model: MonitoredModel) -> None:
    small = 0.5  # not critical
    day(model, 0, shift=small)
    assert titles(model) == []
    day(model, 1, shift=small)
    assert titles(model, resolved_at=None) == ["Data drift"]
    day(model, 2)
    check(model.versions.get(), MIDNIGHT + 20 * DAY, MIDNIGHT + 21 * DAY, MIDNIGHT + 21 * DAY)  # nothing came
    assert titles(model, resolved_at=None) == ["Data drift"]
    day(model, 22)
    assert titles(model, resolved_at=None) == []
    assert Alert.objects.get(about_id=model.pk).events.filter(text="Two checks in a row found nothing.").exists()


def test_a_threshold_of_the_feature_counts_more_than_that_of_all(model: MonitoredModel) -> None:
    limits = {"metric": "psi", "high": 30, "critical": 30}
    MonitorThreshold.objects.create(medium=0.01, **limits)
    MonitorThreshold.objects.create(model=model, feature="flow", medium=30, **limits)
    assert day(model, 0, shift=2).features.get(feature="flow").verdict != "drift"


def test_an_absolute_floor_holds_without_a_baseline_s_figure(acme: Project) -> None:
    model = model_of(acme, label_lag_hours=0)
    without = [{key: value for key, value in row.items() if key != "actual"} for row in rows(300)]
    from_rows(model.versions.get(), without, "training", None)
    MonitorThreshold.objects.create(model=model, metric="accuracy", medium=0.1, high=0.2, critical=0.3, floor=0.95)
    found = day(model, 0)
    assert (found.performance, found.figures[0]["severity"], found.figures[0]["limit"]) == ("drift", "high", 0.95)


def test_missing_values_and_new_categories_have_alerts_of_their_own(model: MonitoredModel) -> None:
    for number in range(2):
        start = MIDNIGHT + number * DAY
        said = rows(400, at=start, seed=number, name=f"d{number}-")
        for row in said[:100]:
            row["features"] = {"flow": None, "mode": "solar"}
        take_predictions(model, said, start + DAY)
        check(model.versions.get(), start, start + DAY, start + DAY)
    assert {"Missing values", "Unseen categories"} <= set(titles(model))


def test_one_feature_s_failure_is_an_error_row(model: MonitoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    Feature.objects.create(version=model.versions.get(), key="pressure")
    usual = profiling.together
    monkeypatch.setattr(
        checks, "together", lambda said, stored: 1 / 0 if stored.feature == "mode" else usual(said, stored)
    )
    verdicts = {row.feature: row.verdict for row in day(model, 0).features.all()}
    assert (verdicts["flow"], verdicts["mode"], verdicts["pressure"]) == ("ok", "error", "error")


def test_a_column_that_is_missing_altogether_has_no_verdict_and_the_others_have(model: MonitoredModel) -> None:
    said = rows(400, at=MIDNIGHT)
    take_predictions(model, [{**row, "features": {"mode": row["features"]["mode"]}} for row in said], MIDNIGHT + DAY)
    found = check(model.versions.get(), MIDNIGHT, MIDNIGHT + DAY, MIDNIGHT + DAY)
    flow, mode = (found.features.get(feature=feature) for feature in ("flow", "mode"))
    assert (flow.verdict, flow.is_missing_alarming, flow.missing_change) == ("insufficient", True, 1.0)
    assert mode.verdict == "ok"


def test_a_version_without_baseline_says_so(acme: Project) -> None:
    found = day(model_of(acme), 0)
    assert (found.verdict, found.problem) == ("insufficient", "There is no baseline to compare with: make one.")


def test_windows_are_checked_once_and_archived_models_never(model: MonitoredModel) -> None:
    now = MIDNIGHT + timedelta(hours=14, minutes=30)
    assert last_end(now) == MIDNIGHT + timedelta(hours=12)
    assert [check_due(now), check_due(now)] == [1, 0]
    check_now(model.versions.get(), now)
    assert DriftCheck.objects.latest("end").end == MIDNIGHT + timedelta(hours=15)
    archive(model, None)
    assert check_due(now + DAY) == 0


def test_an_alias_moves_and_history_remembers(model: MonitoredModel) -> None:
    first = model.versions.get()
    second = model.versions.create(name="2")
    assert promote(second, "champion", None, MIDNIGHT)
    assert not promote(second, "champion", None, MIDNIGHT)
    assert promote(first, "champion", None, MIDNIGHT + DAY)
    held = second.deployments.get()
    first.refresh_from_db()
    assert (first.alias, held.deployed_at, held.retired_at) == ("champion", MIDNIGHT, MIDNIGHT + DAY)


def test_old_features_are_forgotten(model: MonitoredModel) -> None:
    take_predictions(model, rows(3), NOON + DAY)
    assert forget_features(NOON + timedelta(days=89)) == 0
    assert forget_features(NOON + timedelta(days=91)) == 3
    assert Prediction.objects.filter(features__isnull=True).count() == 3


def test_features_may_be_metrics(acme: Project) -> None:
    boiler = DeviceTypeFactory.create()
    device = DeviceFactory.create(project=acme, device_type=boiler)
    flow, mode = (
        MetricFactory.create(device=device, key="flow"),
        MetricFactory.create(device=device, key="mode", value_type="text"),
    )
    model = model_of(acme, reads_telemetry=True)
    model.device_types.add(boiler)
    baseline = baseline_of(model)
    for minute in (0, 5, 10):
        at = NOON + timedelta(minutes=minute)
        ReadingFactory.create(metric=mode, time=at, value=None, text="eco")
        flow.fiveminuterollups.create(start=at, count=2, sum=10 + minute, min=0, max=9, first=0, last=0, increase=0)
    for _ in range(2):
        assert telemetry_feed.read_closed_hours(NOON + timedelta(hours=1)) == telemetry_feed.LATE
    profile = baseline.buckets.get(feature="flow").profile
    assert (profile["n"], profile["mean"]) == (3, 7.5)
    assert baseline.buckets.get(feature="mode").profile["categories"] == {"eco": 3}
    made = telemetry_feed.rows_between(model.versions.get(), NOON, NOON + timedelta(hours=1))
    assert made[0] == {"features": {"flow": 5.0, "mode": "eco"}}
