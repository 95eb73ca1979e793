"""Models, and rows for them, for tests."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from devices.models import Project
from mlmonitor.baselines import from_rows
from mlmonitor.models import Feature, ModelVersion, MonitoredModel
from tests.factories import NOON

MINUTE = timedelta(minutes=1)


def model_of(project: Project, **fields: Any) -> MonitoredModel:
    """A model of two classes, yes and no, with a champion of two features."""
    usual = {"key": "leak", "name": "Leak", "task": "binary", "positive_label": "yes", "project": project}
    model = MonitoredModel.objects.create(**{**usual, **fields})
    version_of(model, "1", alias="champion")
    return model


def version_of(model: MonitoredModel, name: str, **fields: Any) -> ModelVersion:
    version = ModelVersion.objects.create(model=model, name=name, **fields)
    Feature.objects.create(version=version, key="flow", unit="l/min")
    Feature.objects.create(version=version, key="mode", kind="categorical", importance=0.5)
    return version


def rows(
    count: int, *, at: datetime = NOON, seed: int = 1, shift: float = 0.0, name: str = "p"
) -> list[dict[str, Any]]:
    """Predictions, one a minute, whose score is as honest as it can be, each with its outcome as `actual`."""
    rng = np.random.default_rng(seed)
    flows = rng.normal(5, 1, count) + shift
    scores = rng.beta(2, 2, count)
    came = rng.random(count) < scores
    modes = rng.choice(["eco", "boost"], count)
    return [
        {
            "id": f"{name}{number}",
            "time": (at + number * MINUTE).isoformat(),
            "predicted": "yes" if score >= 0.5 else "no",
            "score": float(score),
            "features": {"flow": float(flow), "mode": str(mode)},
            "actual": "yes" if outcome else "no",
        }
        for number, (flow, score, outcome, mode) in enumerate(zip(flows, scores, came, modes, strict=True))
    ]


def baseline_of(model: MonitoredModel, count: int = 2_000, **how: Any) -> Any:
    version = model.versions.get(alias="champion")
    return from_rows(version, rows(count, seed=99, **how), "training", None)[0]
