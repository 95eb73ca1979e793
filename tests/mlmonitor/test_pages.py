"""The dashboard of models: its tabs, and what people do there."""

import pytest
from django.contrib.messages import get_messages

from alerts.models import Alert
from devices.models import Project
from iotsphere.models import User
from mlmonitor.models import DriftCheck, MonitoredModel, MonitorThreshold
from tests.fixtures.clients import PageClient
from tests.mlmonitor.rows import drifted_model

TABS = ("overview", "performance", "drift", "alerts")


@pytest.fixture
def model(acme: Project) -> MonitoredModel:
    return drifted_model(acme)


def test_every_tab_shows_something_true(model: MonitoredModel, vera: User, pages: PageClient) -> None:
    client = pages(vera)
    expected = {
        "overview": ["Leak", "1 open alert", "Drift"],
        "performance": ["Accuracy", "F1", "300 of 300 predictions", "Beside version 2, challenger", "McNemar"],
        "drift": ["flow", "the prediction", "JS distance, base 2", "Critical"],
        "alerts": ["gets other data than it learned from", "The last 30 days: 1 alert"],
    }
    for tab in TABS:
        shown = client.get(f"/models/{tab}/?model=leak").content.decode()
        assert [word for word in expected[tab] if word not in shown] == [], tab
        assert "Check now" not in shown
        fragment = client.get(f"/models/{tab}/?model=leak", headers={"X-Fragment": "1"}).content.decode()
        assert "<html" not in fragment
        assert expected[tab][0] in fragment


def test_others_see_nothing_of_it(model: MonitoredModel, charlie: User, pages: PageClient) -> None:
    client = pages(charlie)
    for tab in TABS:
        assert "Leak" not in client.get(f"/models/{tab}/?model=leak").content.decode()
    assert client.post("/models/leak/check/").status_code == 404
    assert client.get("/models/newest/").json() == {"newest": "None 0"}


def test_odd_questions_are_answered(model: MonitoredModel, vera: User, pages: PageClient) -> None:
    client = pages(vera)
    for query in ("?model=%00&version=%00&days=x&status=x&severity=x&shown=x", "?version=9&days=7", "?status=archived"):
        for tab in TABS:
            assert client.get(f"/models/{tab}/{query}").status_code == 200
    assert client.get("/models/nothing/").status_code == 404


def test_without_models_it_says_how_to_begin(vera: User, pages: PageClient) -> None:
    for tab in TABS:
        assert pages(vera).get(f"/models/{tab}/").status_code == 200
    assert b"No models yet" in pages(vera).get("/models/").content


def test_an_operator_checks_and_handles_alerts(model: MonitoredModel, oscar: User, pages: PageClient) -> None:
    client = pages(oscar)
    DriftCheck.objects.all().delete()
    client.post("/models/leak/check/", {"version": "1"})
    assert DriftCheck.objects.get().verdict == "drift"
    alert = Alert.objects.get()
    client.post(f"/models/alerts/{alert.pk}/acknowledge/")
    client.post(f"/models/alerts/{alert.pk}/resolve/")
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.resolved_by) == (oscar, oscar)
    assert client.post(f"/models/alerts/{alert.pk}/other/").status_code == 404
    for verb in ("archive", "promote", "threshold"):
        assert client.post(f"/models/leak/{verb}/").status_code == 403


def test_a_viewer_does_none_of_it(model: MonitoredModel, vera: User, pages: PageClient) -> None:
    for verb in ("check", "archive", "threshold"):
        assert pages(vera).post(f"/models/leak/{verb}/").status_code == 403
    assert pages(vera).post(f"/models/alerts/{Alert.objects.get().pk}/acknowledge/").status_code == 403


def test_an_administrator_promotes_archives_and_sets_limits(
    model: MonitoredModel, alice: User, pages: PageClient
) -> None:
    client = pages(alice)
    client.post("/models/leak/promote/", {"version": "2"})
    assert model.versions.get(alias="champion").name == "2"
    for limits in ({"medium": 0.2, "high": 0.3, "critical": 0.4}, {"medium": 0.3, "high": 0.3, "critical": 0.4}):
        client.post("/models/leak/threshold/", {"metric": "psi", **limits})
    assert MonitorThreshold.objects.get().medium == 0.3
    for wrong in (
        {"metric": "psi", "medium": "x"},
        {"metric": "?"},
        {"metric": "psi", "medium": 9, "high": 1, "critical": 1},
    ):
        answer = client.post("/models/leak/threshold/", wrong)
        assert "Set." not in str(list(get_messages(answer.wsgi_request))[-1])
    for verb, status in (("archive", "archived"), ("activate", "active")):
        client.post(f"/models/leak/{verb}/")
        model.refresh_from_db()
        assert model.status == status
