"""How often the interval of a forecast holds, on wear that is known; and what an anomaly score finds.

Series come from statsmodels (weekly CO2 at Mauna Loa) and River (WaterFlow), which only this needs:
`make bench` installs them, elsewhere `pip install statsmodels river` does.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from river.datasets import WaterFlow
from statsmodels.datasets import co2

from bench.options import options
from bench.report import at_least
from mlmonitor.foretelling.anomaly import ANOMALOUS, residuals
from mlmonitor.foretelling.first_passage import first_passage
from mlmonitor.statistics.arrays import Floats
from tests.servers.installation import Installation

THRESHOLD = 100.0
DAYS = 400
SEGMENTS = 4
"""Documented anomalies of WaterFlow: three losses, one surge."""
Wear = Callable[[np.random.Generator], Floats]


def measure(_installation: Installation) -> Iterator[str]:
    rng = np.random.default_rng(7)
    for name, wear, budget in (
        ("constant", _constant, 0.7),
        ("jumping (gamma)", _jumping, 0.7),
        ("accelerating", _accelerating, 0.6),
    ):
        yield at_least(f"80 % intervals that hold on {name} wear", _coverage(rng, wear), budget)
    yield at_least("80 % intervals that hold on CO2 at Mauna Loa", _co2(), 0.6)
    found = _segments()
    yield at_least(f"documented anomalies of WaterFlow found by |r| > {ANOMALOUS:g}", len(found), SEGMENTS)
    yield f"stretches it calls anomalous in all: {len(found)}"


def _constant(rng: np.random.Generator) -> Floats:
    return np.cumsum(rng.normal(0.5, 0.6, DAYS))


def _jumping(rng: np.random.Generator) -> Floats:
    return np.cumsum(rng.gamma(0.5, 1.0, DAYS))


def _accelerating(rng: np.random.Generator) -> Floats:
    power = rng.uniform(1.3, 2.0)
    return 150 * (np.arange(DAYS) / 300) ** power + np.cumsum(rng.normal(0, 0.4, DAYS))


def _coverage(rng: np.random.Generator, wear: Wear) -> float:
    """Each record is forecast from a moment at 40 to 80 % of its time to the threshold."""
    held = []
    for _ in range(options.size(400, 20)):
        record = wear(rng)
        crossing = int(np.argmax(record >= THRESHOLD))
        origin = int(crossing * rng.uniform(0.4, 0.8))
        if origin > 20 and (forecast := first_passage(np.arange(origin + 1.0), record[: origin + 1], THRESHOLD)):
            held.append(forecast.early <= crossing - origin <= (forecast.late or np.inf))
    return float(np.mean(held))


def _co2() -> float:
    """Monthly means; from every fifth month on, when 1 to 8 ppm more than the last two years' highest are reached."""
    monthly: Any = co2.load_pandas().data.co2.resample("MS").mean().interpolate()
    days = (monthly.index - monthly.index[0]).days.to_numpy(dtype=float)
    ppm = monthly.to_numpy(dtype=float)
    held = []
    for origin in range(120, len(ppm) - 36, options.size(5, 50)):
        t, x = days[: origin + 1], ppm[: origin + 1]
        for more in (1, 2, 4, 6, 8):
            threshold = x[-24:].max() + more
            later = ppm[origin + 1 :] >= threshold
            forecast = first_passage(t, x, threshold)
            if not later.any() or forecast is None:
                continue
            passed = days[origin + 1 + int(np.argmax(later))] - t[-1]
            held.append(forecast.early <= passed <= (forecast.late or np.inf))
    return float(np.mean(held))


def _segments() -> list[tuple[int, int]]:
    """First and last hour of each stretch; up to three hours between two are of the same."""
    flow = np.array([flow for _, flow in WaterFlow()])
    hours = np.flatnonzero(np.abs(residuals(flow, per_day=24)) > ANOMALOUS).tolist()
    breaks = [place for place, (before, after) in enumerate(pairwise(hours), 1) if after - before > 3]
    return [(part[0], part[-1]) for part in (hours[a:b] for a, b in pairwise([0, *breaks, len(hours)]))]
