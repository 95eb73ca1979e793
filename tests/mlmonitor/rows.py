"""Models, and rows for them, for tests."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from devices.models import DeviceType, Project
from mlmonitor.baselines import from_rows
from mlmonitor.checks import check_now
from mlmonitor.ingest import take_predictions
from mlmonitor.models import Feature, Forecast, HealthIndicator, ModelVersion, MonitoredModel
from mlmonitor.truth import take_truth
from tests.factories import NOON, DeviceFactory, DeviceTypeFactory

MINUTE = timedelta(minutes=1)


def model_of(project: Project, **fields: Any) -> MonitoredModel:
    """A model of two classes, yes and no, with a champion of two features."""
    usual = {"key": "leak", "name": "Leak", "task": "binary", "positive_label": "yes", "project": project}
    model = MonitoredModel.objects.create(**{**usual, **fields})
    version_of(model, "1", alias="champion")
    return model


def forecast_of(project: Project, **fields: Any) -> Forecast:
    """The battery of a sensor, which will be empty in a month."""
    device = fields.pop("device", None) or DeviceFactory.create(
        project=project, device_type=DeviceTypeFactory.create(slug=f"sensor-{DeviceType.objects.count()}")
    )
    indicator, _ = HealthIndicator.objects.get_or_create(
        device_type=device.device_type,
        key="battery",
        defaults={
            "label": "Battery", "unit": "V", "measure": "mean", "metric_key": "battery", "threshold": 3.3,
            "falls": True, "action": "Change the cell.",
        },
    )  # fmt: skip
    usual = {"state": "ok", "made_at": NOON, "value": 3.7, "urgency": "month", "points": [[0, 3.8], [86400, 3.7]]}
    ends = {name: NOON + timedelta(days=days) for name, days in (("early", 20), ("median", 30), ("late", 50))}
    return Forecast.objects.create(device=device, indicator=indicator, **{**usual, **ends, **fields})


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


def drifted_model(project: Project) -> MonitoredModel:
    """One whose champion was checked today, and has drifted; a challenger predicts beside it."""
    model = model_of(project, label_lag_hours=0)
    baseline_of(model)
    now = timezone.now()
    version_of(model, "2", alias="challenger")
    said = rows(300, at=now - timedelta(hours=6), shift=2)
    beside = [{**row, "id": f"{row['id']}-2", "version": "2", "predicted": "no"} for row in said]
    take_predictions(model, [*said, *beside], now)
    take_truth(model, [*said, *beside], now)
    check_now(model.versions.get(name="1"), now)
    return model


def baseline_of(model: MonitoredModel, count: int = 2_000, **how: Any) -> Any:
    version = model.versions.get(alias="champion")
    return from_rows(version, rows(count, seed=99, **how), "training", None)[0]
