"""Concept drift that performance does not show: errors and outcomes are other than they were, and inputs are not."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from devices.models import Project
from mlmonitor.baselines import from_rows
from mlmonitor.checks import check
from mlmonitor.ingest import take_predictions
from mlmonitor.models import DriftCheck, ModelVersion, MonitoredModel
from mlmonitor.truth import take_truth
from tests.factories import NOON
from tests.mlmonitor.rows import MINUTE, model_of

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=1)


def demand(count: int, seed: int, *, one_way: bool = False, shift: float = 0.0) -> list[dict[str, Any]]:
    """Forecasts with errors of the same size, either way or all one way."""
    rng = np.random.default_rng(seed)
    flows, errors = rng.normal(5, 1, count) + shift, rng.normal(size=count)
    return [
        row(number, flow, predicted=flow, actual=flow - (abs(error) if one_way else error))
        for number, (flow, error) in enumerate(zip(flows, errors, strict=True))
    ]


def leaks(count: int, seed: int, *, turned: bool = False) -> list[dict[str, Any]]:
    """A model that guesses: half of the outcomes are yes, those with much flow, or later with little."""
    rng = np.random.default_rng(seed)
    flows, guesses = rng.normal(5, 1, count), rng.choice(["yes", "no"], count)
    return [
        row(number, flow, predicted=str(guess), actual="yes" if (flow > 5) != turned else "no")
        for number, (flow, guess) in enumerate(zip(flows, guesses, strict=True))
    ]


def row(number: int, flow: float, **outcome: Any) -> dict[str, Any]:
    time = (NOON + number * MINUTE).isoformat()
    return {"id": str(number), "time": time, "features": {"flow": float(flow), "mode": "eco"}, **outcome}


def lived(version: ModelVersion, learned: list[dict[str, Any]], said: list[dict[str, Any]]) -> DriftCheck:
    model = version.model
    from_rows(version, learned, "training", None)
    take_predictions(model, said, LATER)
    take_truth(model, said, LATER)
    return check(version, NOON, LATER, LATER)


def kinds(found: DriftCheck) -> set[str]:
    return {reason["kind"] for reason in found.concept_reasons}


@pytest.fixture
def forecasts(acme: Project) -> MonitoredModel:
    return model_of(acme, task="regression", positive_label="", label_lag_hours=0)


def test_errors_that_all_go_one_way_are_concept_drift_though_they_are_no_larger(forecasts: MonitoredModel) -> None:
    found = lived(forecasts.versions.get(), demand(1_000, 1), demand(400, 2, one_way=True))
    assert (found.verdict, found.performance, found.concept) == ("ok", "ok", "drift")
    assert "residual" in kinds(found)


def test_when_inputs_have_shifted_too_they_are_not(forecasts: MonitoredModel) -> None:
    found = lived(forecasts.versions.get(), demand(1_000, 1), demand(400, 2, one_way=True, shift=2))
    assert (found.verdict, found.concept) == ("drift", "ok")


def test_other_outcomes_of_the_same_inputs_are_concept_drift(acme: Project) -> None:
    found = lived(model_of(acme, label_lag_hours=0).versions.get(), leaks(1_000, 1), leaks(400, 2, turned=True))
    assert (found.verdict, found.performance, found.concept) == ("ok", "ok", "drift")
    assert kinds(found) == {"target"}


def test_what_is_as_it_was_is_none(acme: Project, forecasts: MonitoredModel) -> None:
    classes = model_of(acme, key="other", label_lag_hours=0)
    for version, of in ((forecasts.versions.get(), demand), (classes.versions.get(), leaks)):
        assert lived(version, of(1_000, 1), of(400, 2)).concept == "ok"
