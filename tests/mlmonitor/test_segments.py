"""Segments are looked at for themselves, beside all of them together."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.models import Alert
from devices.models import Project
from iotsphere.models import User
from mlmonitor import performance
from mlmonitor.baselines import from_rows
from mlmonitor.checks import check
from mlmonitor.ingest import take_predictions
from mlmonitor.models import DriftCheck, MonitoredModel
from mlmonitor.truth import take_truth
from tests.factories import NOON
from tests.fixtures.clients import ApiClient, PageClient
from tests.mlmonitor.rows import model_of, rows

DAY = timedelta(days=1)


def of_segments(sizes: dict[str, int], *, shifted: str = "", flipped: str = "") -> list[dict[str, Any]]:
    """Rows of each segment; those of one have other inputs, those of one other outcomes."""
    said = []
    for seed, (segment, count) in enumerate(sizes.items()):
        some = rows(count, seed=seed, name=segment or "none", shift=2.0 if segment == shifted else 0.0)
        for row in some:
            if segment == flipped:
                row["actual"] = "no" if row["actual"] == "yes" else "yes"
            said.append({**row, "segment": segment})
    return said


@pytest.fixture
def model(acme: Project) -> MonitoredModel:
    model = model_of(acme, label_lag_hours=0)
    learned = of_segments({"bath": 1_200, "kitchen": 200, "cellar": 200, "attic": 20, "": 50})
    from_rows(model.versions.get(), learned, "training", None)
    return model


@pytest.fixture
def checked(model: MonitoredModel) -> DriftCheck:
    """The kitchen gets other data, the cellar other outcomes, and of the attic there is little."""
    said = of_segments(
        {"bath": 900, "kitchen": 60, "cellar": 60, "attic": 20, "": 20}, shifted="kitchen", flipped="cellar"
    )
    take_predictions(model, said, NOON + DAY)
    take_truth(model, said, NOON + DAY)
    return check(model.versions.get(), NOON, NOON + DAY, NOON + DAY)


def test_each_segment_has_verdicts_of_its_own(checked: DriftCheck) -> None:
    found = {one.segment: (one.verdict, one.concept) for one in checked.version.checks.all()}
    assert found == {
        "": ("ok", "ok"),
        "bath": ("ok", "ok"),
        "kitchen": ("drift", "ok"),
        "cellar": ("ok", "drift"),
        "attic": ("insufficient", "insufficient"),
    }
    few = checked.version.checks.get(segment="attic").features.get(feature="flow")
    assert few.reason == "The baseline has too few rows of this segment."


def test_a_segment_has_alerts_of_its_own(checked: DriftCheck) -> None:
    alerts = dict(Alert.objects.values_list("topic", "message"))
    assert {"1, kitchen: drift", "1, cellar: concept"} <= set(alerts)
    assert alerts["1, kitchen: drift"].startswith("Leak 1, kitchen gets other data")
    assert not [topic for topic in alerts if topic.startswith(("1:", "1, bath", "1, attic"))]


def test_what_all_suffer_from_is_said_once(model: MonitoredModel) -> None:
    said = [{**row, "segment": "bath" if number % 2 else "kitchen"} for number, row in enumerate(rows(400, shift=2))]
    take_predictions(model, said, NOON + DAY)
    check(model.versions.get(), NOON, NOON + DAY, NOON + DAY)
    assert set(model.versions.get().checks.values_list("segment", "verdict")) == {
        ("", "drift"), ("bath", "drift"), ("kitchen", "drift"),
    }  # fmt: skip
    assert list(Alert.objects.values_list("topic", flat=True)) == ["1: drift"]


def test_only_the_largest_are_looked_at(
    model: MonitoredModel, checked: DriftCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performance, "MOST_SEGMENTS", 1)
    check(checked.version, NOON, NOON + 2 * DAY, NOON + 2 * DAY)
    assert set(model.versions.get().checks.filter(end=NOON + 2 * DAY).values_list("segment", flat=True)) == {"", "bath"}


def test_tabs_and_rest_tell_of_them(checked: DriftCheck, vera: User, pages: PageClient, api: ApiClient) -> None:
    page, client = pages(vera), api(vera)
    drift = page.get("/models/drift/?model=leak").content.decode()
    assert all(name in drift for name in ("bath", "kitchen", "cellar", "attic", "Not enough data"))
    assert "kitchen</span> alone" in page.get("/models/drift/?model=leak&segment=kitchen").content.decode()
    shown = page.get("/models/performance/?model=leak&days=90").content.decode()
    assert "No outcomes are known yet" in shown  # NOON is long ago: of the range there is nothing
    checks = "/api/v1/drift-checks/?model=leak"
    [kitchen] = client.get(f"{checks}&segment=kitchen").json()["results"]
    assert (kitchen["segment"], kitchen["verdict"]) == ("kitchen", "drift")
    assert [row["segment"] for row in client.get(f"{checks}&is_whole=true").json()["results"]] == [""]
    assert client.get(f"{checks}&is_whole=false").json()["count"] == 4
