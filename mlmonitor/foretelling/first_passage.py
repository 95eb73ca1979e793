"""When a wearing quantity will cross its threshold: a drifted Wiener process and its first passage.

x(t) = x₀ + μ t + σ B(t). The drift μ is estimated from the ends of the record and is itself uncertain:
μ ~ N(μ̂, ε²), ε² = σ²/T. The time of first passage is then no inverse Gaussian but a mixture of them, whose
distribution has a closed form: Si, Wang, Hu, Zhou, "A Wiener-process-based degradation model", IEEE Transactions on
Reliability 62 (2013). With ε = 0 it is the inverse Gaussian.

Real records are no Wiener processes: they have noise, seasons, and wear that speeds up. So σ is taken from long
steps, in which noise and seasons weigh little; the drift from that part of the record which would have forecast
best; and σ is widened until 80 % of what came after earlier moments lies within what they would have forecast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlmonitor.statistics.tails import log_normal_below

LEAST_POINTS = 8
LONG_STEPS = 8
"""σ comes from steps as long as this part of the record."""
PARTS = (1.0, 0.5, 0.25)
"""Of the record, from which the drift may come."""
BACKTESTS = 16
LEAST_BACKTESTS = 4
FARTHEST = 0.5
"""Earlier forecasts look ahead as far as the one now, but by no more than this part of the record."""
MOSTLY = 0.9
"""If so many of the earlier forecasts erred to the same side, this one is moved by as much."""
Z80 = 1.2815515655446004
"""Half the width of a normal distribution's 80 % interval, in standard deviations."""
SURE = 1.6448536269514722
"""A trend counts if the drift differs from zero by so many of its standard errors (one-sided 5 %)."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wear:
    """A fitted process, in the units of the values and of the times."""

    drift: float
    spread: float
    """σ, for the square root of a unit of time."""
    drift_error: float
    last: float

    @property
    def has_trend(self) -> bool:
        return abs(self.drift) > SURE * self.drift_error


@dataclass(frozen=True, slots=True)
class Passage:
    """Times from the last value on, by which the threshold is crossed with 10, 50 and 90 %. None: perhaps never."""

    early: float
    median: float
    late: float | None
    held: float | None
    """The share of earlier forecasts whose interval held before it was widened; None if there were too few."""


def first_passage(times: ArrayLike, values: ArrayLike, threshold: float) -> Passage | None:
    """When values at rising times (shape (n,) each, n ≥ 8) will first reach the threshold.

    None if they show no trend towards it. Raises ValueError for fewer values, or no time between them.
    """
    t, x = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
    if len(t) < LEAST_POINTS or t[-1] <= t[0]:
        raise ValueError(f"A forecast needs {LEAST_POINTS} values at different times.")
    whole = fit(t, x)
    distance = threshold - whole.last
    if not whole.has_trend or distance * whole.drift <= 0:
        return None
    wear, held = _best(t, x, min(distance / whole.drift, FARTHEST * (t[-1] - t[0])))
    if wear.drift * distance <= 0:
        return None
    early, median, late = (_quantile(share, abs(distance), wear) for share in (0.1, 0.5, 0.9))
    return None if early is None or median is None else Passage(early, median, late, held)


def fit(t: Floats, x: Floats) -> Wear:
    """The process behind a record of at least two values."""
    span = t[-1] - t[0]
    drift = (x[-1] - x[0]) / span
    line = np.interp(t[t <= t[-1] - span / LONG_STEPS] + span / LONG_STEPS, t, x)
    steps = line - x[: len(line)] - drift * span / LONG_STEPS
    # Steps that overlap: each is one observation of σ² · span / LONG_STEPS, less what the drift took away.
    variance = np.mean(steps**2) / (span / LONG_STEPS) * LONG_STEPS / (LONG_STEPS - 1)
    spread = float(np.sqrt(variance))
    return Wear(float(drift), spread, float(spread / np.sqrt(span)), float(x[-1]))


def crossed_by(time: float, distance: float, wear: Wear) -> float:
    """The probability that the process has come `distance` nearer to its threshold by `time` (both positive).

    F(t) = Φ((μt − d)/s) + exp(2μd/σ² + 2ε²d²/σ⁴) Φ(−(2ε²dt + σ²(μt + d))/(σ²s)), s² = σ²t + ε²t², μ > 0.
    """
    drift, variance, error = abs(wear.drift), wear.spread**2, wear.drift_error**2
    if variance == 0:
        return float(drift * time >= distance)
    s = np.sqrt(variance * time + error * time**2)
    factor = 2 * drift * distance / variance + 2 * error * distance**2 / variance**2
    tail = log_normal_below(-(2 * error * distance * time + variance * (drift * time + distance)) / (variance * s))
    return float(min(1.0, np.exp(log_normal_below((drift * time - distance) / s)) + np.exp(min(factor + tail, 0.0))))


def _best(t: Floats, x: Floats, ahead: float) -> tuple[Wear, float | None]:
    """The part of the record that would have forecast best, its spread widened by how well that was."""
    found = [(_backtest(t, x, ahead, part), part) for part in PARTS]
    (errors, distances), part = min(found, key=lambda each: np.mean(np.abs(each[0][0])) if len(each[0][0]) else 0.0)
    wear = _recent(t, x, part)
    if len(distances) < LEAST_BACKTESTS:
        return wear, None
    # Wear that speeds up was underestimated at each earlier moment, and will be again.
    often = float(np.median(errors)) / ahead
    drift = wear.drift + often if np.mean(np.sign(errors) == np.sign(often)) >= MOSTLY else wear.drift
    # As in conformal prediction: the rank that one more would keep to with at least 80 %.
    rank = min(len(distances), int(np.ceil(0.8 * (len(distances) + 1))))
    wider = max(1.0, float(np.sort(distances)[rank - 1]) / Z80)
    held = float(np.mean(distances <= Z80))
    return Wear(drift, wear.spread * wider, wear.drift_error * wider, wear.last), held


def _recent(t: Floats, x: Floats, part: float) -> Wear:
    start = min(np.searchsorted(t, t[-1] - part * (t[-1] - t[0])), len(t) - LEAST_POINTS)
    return fit(t[start:], x[start:])


def _backtest(t: Floats, x: Floats, ahead: float, part: float) -> tuple[Floats, Floats]:
    """What came `ahead` of earlier moments, less what they would have forecast; and that in standard deviations."""
    last = np.searchsorted(t, t[-1] - ahead, side="right") - 1
    errors, distances = [], []
    for origin in sorted(set(np.linspace(LEAST_POINTS - 1, last, BACKTESTS).astype(int))):
        if origin < LEAST_POINTS - 1 or origin > last:
            continue
        wear = _recent(t[: origin + 1], x[: origin + 1], part)
        error = np.interp(t[origin] + ahead, t, x) - x[origin] - wear.drift * ahead
        deviation = np.sqrt(wear.spread**2 * ahead + wear.drift_error**2 * ahead**2)
        errors.append(error)
        distances.append(abs(error) / deviation if deviation else 0.0 if error == 0 else 10.0)
    return np.array(errors), np.array(distances)


def _quantile(share: float, distance: float, wear: Wear) -> float | None:
    """None if the share is not reached within a thousand times as long as straight on."""
    straight = distance / abs(wear.drift)
    low, high = 0.0, straight
    while crossed_by(high, distance, wear) < share:
        low, high = high, 2 * high
        if high > 1000 * straight:
            return None
    for _ in range(50):
        middle = (low + high) / 2
        if crossed_by(middle, distance, wear) < share:
            low = middle
        else:
            high = middle
    return float(high)
