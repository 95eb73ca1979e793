"""Models over REST: data in, figures out."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Project
from iotsphere.models import User
from mlmonitor.models import Baseline, DriftCheck, MonitoredModel, MonitorThreshold, Prediction, ProfileBucket
from mlmonitor.performance import remake_all
from tests.fixtures.clients import ApiClient
from tests.mlmonitor.rows import baseline_of, model_of, rows, version_of

HERE = "/api/v1/models/leak/"


@pytest.fixture
def model(acme: Project) -> MonitoredModel:
    return model_of(acme, label_lag_hours=0)


@pytest.fixture
def lived(model: MonitoredModel, oscar: User, api: ApiClient) -> MonitoredModel:
    """A day of predictions that ends now, with their outcomes."""
    baseline_of(model)
    said = rows(400, at=timezone.now() - timedelta(hours=7), shift=2)
    for place in ("predictions/", "ground-truth/"):
        assert api(oscar).post(HERE + place, {"rows": said}).status_code == 200
    remake_all()
    return model


def test_json_with_a_nan_costs_one_row(model: MonitoredModel, oscar: User, api: ApiClient) -> None:
    body = (
        '[{"id": "a", "time": "2025-12-19T12:00:00", "predicted": "yes", "score": NaN},'
        ' {"id": "b", "time": "2025-12-19T12:00:00", "predicted": "yes"}, {"id": "c", "predicted": "yes"}, 7]'
    )
    answer = api(oscar).post(HERE + "predictions/", body, content_type="application/json")
    told = answer.json()
    assert (answer.status_code, told["received"], told["stored"]) == (207, 4, ["b"])
    assert [(row["index"], row["id"]) for row in told["rejected"]] == [(0, "a"), (2, "c"), (3, "")]
    assert told["rejected"][1]["reason"] == "time is missing: when was it predicted?"


def test_csv_has_a_column_for_each_feature(model: MonitoredModel, oscar: User, api: ApiClient) -> None:
    table = "id,time,predicted,score,flow,mode,besides\n1,2025-12-19T12:00:00,yes,0.9,5.5,eco,x\n2,2025-12-19,no,,,,\n"
    answer = api(oscar).post(HERE + "predictions/", table, content_type="text/csv")
    assert (answer.status_code, answer.json()["stored"]) == (200, ["1", "2"])
    first, second = Prediction.objects.order_by("key")
    assert (first.score, first.features) == (0.9, {"flow": 5.5, "mode": "eco"})
    assert (second.score, second.features) == (None, {"flow": None, "mode": None})
    told = api(oscar).post(HERE + "ground-truth/", "id,actual\n1,yes\n2,\n", content_type="text/csv").json()
    assert (told["joined"], told["rejected"][0]["reason"]) == (["1"], "actual is missing.")


@pytest.mark.parametrize(
    ("body", "status"),
    [([{}] * 5_001, 413), ({"rows": "none"}, 400), ({}, 400), ({"rows": [], "version": 3}, 400), ("x", 400)],
)
def test_what_is_no_batch_is_refused(
    body: Any, status: int, model: MonitoredModel, oscar: User, api: ApiClient
) -> None:
    assert api(oscar).post(HERE + "predictions/", body).status_code == status
    assert not Prediction.objects.exists()


def test_unknown_models_and_media(model: MonitoredModel, oscar: User, api: ApiClient) -> None:
    client = api(oscar)
    assert client.post("/api/v1/models/other/predictions/", {"rows": []}).status_code == 404
    assert client.post(HERE + "predictions/", "x", content_type="text/plain").status_code == 415
    assert client.post(HERE + "predictions/", "{", content_type="application/json").status_code == 400
    assert client.post(HERE + "predictions/", b"\xff", content_type="text/csv").status_code == 400


def test_a_model_from_its_registration_to_its_first_check(
    acme: Project, alice: User, api: ApiClient, model: MonitoredModel
) -> None:
    client = api(alice)
    said = {"key": "demand", "name": "Demand", "task": "regression", "project": "acme", "tags": ["energy"]}
    assert client.post("/api/v1/models/", said).status_code == 201
    assert client.post("/api/v1/models/", said).status_code == 400
    assert "positive_label" in client.post("/api/v1/models/", {**said, "key": "x", "task": "binary"}).json()["errors"]
    here = "/api/v1/models/demand/"
    assert client.post(here + "check/").status_code == 404
    version = {"name": "1", "features": [{"key": "flow", "kind": "numeric", "importance": 2}]}
    assert client.post(here + "versions/", version).status_code == 201
    assert client.post(here + "versions/", version).status_code == 409
    twice = {"name": "2", "features": [{"key": "$x", "kind": "numeric"}]}
    assert client.post(here + "versions/", twice).status_code == 400
    assert client.post(here + "promote/", {"version": "1", "alias": "champion"}).json()["alias"] == "champion"
    learned = [{"features": {"flow": number % 7}, "predicted": number, "actual": number + 1} for number in range(200)]
    made = client.post(here + "baselines/", {"rows": [*learned, {"features": {"flow": "x"}}], "kind": "validation"})
    assert (made.status_code, made.json()["baseline"]["rows"], len(made.json()["rejected"])) == (201, 200, 1)
    assert client.post(here + "baselines/", {"rows": learned[:9]}).status_code == 400
    assert client.post(here + "check/").json()["verdict"] == "insufficient"
    assert client.get(here).json()["champion"] == "1"
    assert client.post(here + "archive/").json()["status"] == "archived"
    assert client.post(here + "check/").status_code == 409
    assert [row["key"] for row in client.get("/api/v1/models/?status=active").json()["results"]] == ["leak"]


FLOW = {"edges": [4.0, 5.0, 6.0], "counts": [160, 340, 340, 160], "mean": 5.0, "deviation": 1.0, "missing": 10}
MODE = {"categories": {"eco": 500, "boost": 500}}
LEARNED = {
    "features": {"flow": FLOW, "mode": MODE},
    "outcomes": {"confusion": [["yes", "yes", 350], ["no", "no", 350], ["yes", "no", 150], ["no", "yes", 150]]},
}


def test_a_baseline_may_be_sent_as_a_profile(model: MonitoredModel, alice: User, oscar: User, api: ApiClient) -> None:
    made = api(alice).post(HERE + "baselines/", {"profile": LEARNED, "kind": "training"})
    assert (made.status_code, made.json()["baseline"]["rows"]) == (201, 1_010)
    for shift, verdict in ((0, "ok"), (2, "drift")):
        DriftCheck.objects.all().delete()
        Prediction.objects.all().delete()
        ProfileBucket.objects.all().delete()
        said = rows(300, at=timezone.now() - timedelta(hours=6), shift=shift)
        api(oscar).post(HERE + "predictions/", {"rows": said})
        found = api(oscar).post(HERE + "check/").json()
        assert {row["feature"]: row["verdict"] for row in found["features"]} == {"flow": verdict, "mode": "ok"}
    shown = api(oscar).get(HERE + "performance/").json()
    assert Baseline.objects.get().outcomes["labelled"] == 1_000
    assert shown["limits"]["accuracy"] == pytest.approx(0.68)


BAD_PROFILES: list[tuple[Any, str, str]] = [
    ({}, "features", "a profile for each feature"),
    ({"speed": FLOW}, "speed", "no such feature"),
    ({"flow": 7}, "flow", "an object"),
    ({"flow": MODE}, "flow", "edges is a list"),
    ({"flow": {**FLOW, "edges": [5, 4, 6]}}, "flow", "edges rise"),
    ({"flow": {**FLOW, "edges": [4, 5]}}, "flow", "there are 4 counts"),
    ({"flow": {**FLOW, "counts": [1, 2, -3, 4]}}, "flow", "not below 0"),
    ({"flow": {**FLOW, "counts": [0, 0, 0, 0]}}, "flow", "no rows"),
    ({"flow": {**FLOW, "mean": "five"}}, "flow", "mean is a finite number"),
    ({"flow": {**FLOW, "chunks": {"100": [1]}}}, "flow", "mean and deviation"),
    ({"flow": {**FLOW, "deviation": 1e200}}, "flow", "deviation is a finite number"),
    ({"mode": {"categories": {"e\0": 5}}}, "mode", "The name of a class"),
    ({"mode": {"categories": {"eco": 10**9, "boost": 10**9}}}, "mode", "more than 1,000,000,000"),
    ({"mode": {"categories": {"eco": 1.5}}}, "mode", "The count of 'eco' is a whole number"),
]


def test_a_bad_profile_is_refused_feature_by_feature(model: MonitoredModel, alice: User, api: ApiClient) -> None:
    for features, feature, words in BAD_PROFILES:
        answer = api(alice).post(HERE + "baselines/", {"profile": {"features": features}})
        assert answer.status_code == 400, feature
        assert words in str(answer.json()["errors"]), answer.json()
    assert not Baseline.objects.exists()


def test_the_figures_of_the_tabs(lived: MonitoredModel, vera: User, oscar: User, api: ApiClient) -> None:
    checked = api(oscar).post(HERE + "check/").json()
    assert (checked["verdict"], checked["concept"]) == ("drift", "ok")
    assert DriftCheck.objects.get().features.get(feature="flow").verdict == "drift"
    client = api(vera)
    listed = client.get("/api/v1/drift-checks/?model=leak&verdict=drift").json()["results"]
    assert listed == [client.get(f"/api/v1/drift-checks/{checked['id']}/").json()]
    shown = client.get(HERE + "performance/?days=1").json()
    assert shown["figures"]["accuracy"] == pytest.approx(0.7, abs=0.15)
    assert (shown["coverage"], sum(point["labelled"] for point in shown["points"])) == (1.0, 400)
    assert client.get(HERE + "performance/?days=0").status_code == 400
    alerts = client.get(HERE + "alerts/?is_open=true").json()["results"]
    assert [(alert["rule_name"], alert["severity"], alert["subject"]) for alert in alerts] == [
        ("Data drift", "critical", "Leak")
    ]
    assert client.get(HERE + "alerts/?is_open=x").status_code == 400


def test_a_threshold_may_be_of_one_version(api: ApiClient, alice: User, acme: Project) -> None:
    version_of(model_of(acme), "2")
    model_of(acme, key="other", name="Other")
    client, place = api(alice), "/api/v1/monitor-thresholds/"
    limits = {"metric": "psi", "medium": 0.1, "high": 0.2, "critical": 0.3}
    made = client.post(place, {"model": "leak", "version": "2", "feature": "flow", **limits})
    assert (made.status_code, made.json()["version"]) == (201, "2")
    assert client.patch(f"{place}{made.json()['id']}/", {"medium": 0.05}).json()["version"] == "2"
    refused = client.post(place, {"model": "other", "version": "2", **limits})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["version"])


def test_thresholds_of_all_models_are_the_platform_s(
    model: MonitoredModel, alice: User, root: User, api: ApiClient
) -> None:
    of_all = {"metric": "psi", "medium": 0.2, "high": 0.3, "critical": 0.4}
    place = "/api/v1/monitor-thresholds/"
    assert api(alice).post(place, of_all).status_code == 403
    assert api(root).post(place, of_all).status_code == 201
    assert api(alice).post(place, {**of_all, "model": "leak", "feature": "flow"}).status_code == 201
    wrong = api(alice).post(place, {**of_all, "model": "leak", "medium": 5}).json()
    assert wrong["errors"]["medium"] == ["Limits rise from medium to critical, and are above 0."]
    assert MonitorThreshold.objects.count() == 2
