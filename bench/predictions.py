"""How long 100,000 predictions take to be taken in, with the profiles of their hours."""

from collections.abc import Iterator
from datetime import timedelta
from time import perf_counter

import numpy as np
from django.utils import timezone

from bench.options import options
from bench.report import at_most
from devices.models import Project
from mlmonitor.baselines import from_rows
from mlmonitor.ingest import take_predictions
from mlmonitor.models import Feature, ModelVersion, MonitoredModel
from mlmonitor.performance import remake_all
from mlmonitor.rows import MOST_ROWS
from mlmonitor.truth import take_truth
from tests.servers.installation import Installation

FEATURES = 20


def measure(_installation: Installation | None) -> Iterator[str]:
    project = Project.objects.create(name="Models", slug="bench-models")
    model = MonitoredModel.objects.create(key="bench", name="Bench", task="binary", positive_label="1", project=project)
    version = ModelVersion.objects.create(model=model, name="1", alias="champion")
    Feature.objects.bulk_create(Feature(version=version, key=f"f{number}") for number in range(FEATURES))
    rng, now = np.random.default_rng(1), timezone.now()
    count = options.size(100_000, 10_000)
    values = rng.normal(size=(count, FEATURES)).tolist()
    rows = [
        {
            "id": str(number),
            "time": (now - timedelta(days=1) * number / count).isoformat(),
            "predicted": str(number % 2),
            "actual": str(number % 3 % 2),
            "score": number % 100 / 100,
            "features": {f"f{place}": value for place, value in enumerate(values[number])},
        }
        for number in range(count)
    ]
    from_rows(version, rows[:MOST_ROWS], "training", None)
    chunks = [rows[place : place + MOST_ROWS] for place in range(0, count, MOST_ROWS)]
    started = perf_counter()
    for chunk in chunks:
        take_predictions(model, chunk, now)
    taken = perf_counter()
    for chunk in chunks:
        take_truth(model, chunk, now)
    told = perf_counter()
    remake_all()
    yield at_most(f"{count:,} predictions × {FEATURES} features taken in", taken - started, 10, "s")
    yield f"as many outcomes: {told - taken:.1f} s; all figures made anew: {perf_counter() - told:.1f} s"
