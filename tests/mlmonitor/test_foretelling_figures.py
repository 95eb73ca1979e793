"""First passage and anomaly scores: pure figures."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import invgauss

from mlmonitor.foretelling.anomaly import residual, residuals, score
from mlmonitor.foretelling.first_passage import Wear, crossed_by, first_passage, fit

pytestmark = pytest.mark.once

DAYS = np.arange(120.0)
positive = st.floats(0.01, 100, allow_nan=False)


@given(time=positive, distance=positive, drift=positive, spread=positive)
def test_with_a_known_drift_it_is_the_inverse_gaussian(
    time: float, distance: float, drift: float, spread: float
) -> None:
    mean, shape = distance / drift, distance**2 / spread**2
    expected = invgauss.cdf(time, mean / shape, scale=shape)
    assume(np.isfinite(expected))
    assert crossed_by(time, distance, Wear(drift, spread, 0.0, 0.0)) == pytest.approx(expected, abs=1e-6)


@given(
    times=st.lists(positive, min_size=2, max_size=2, unique=True),
    distance=positive, drift=positive, spread=positive, error=positive,
)  # fmt: skip
def test_the_chance_of_having_crossed_never_falls(
    times: list[float], distance: float, drift: float, spread: float, error: float
) -> None:
    early, late = (crossed_by(time, distance, Wear(drift, spread, error, 0.0)) for time in sorted(times))
    assert 0 <= early <= late + 1e-9 <= 1 + 1e-9


def worn(seed: int, drift: float = 0.5, spread: float = 0.6) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(drift, spread, len(DAYS)))


def test_the_fit_finds_drift_and_spread_again() -> None:
    found = [fit(DAYS, worn(seed)) for seed in range(60)]
    assert np.mean([wear.drift for wear in found]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([wear.spread for wear in found]) == pytest.approx(0.6, abs=0.08)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (-1.0, 100.0), (1e-6, 0.0), (1e9, -3.0)])
def test_the_same_wear_in_other_units_is_foretold_the_same(scale: float, shift: float) -> None:
    record = worn(3)
    plain = first_passage(DAYS, record, record[-1] + 20)
    other = first_passage(DAYS, scale * record + shift, scale * (record[-1] + 20) + shift)
    assert plain is not None
    assert other is not None
    assert (other.early, other.median) == pytest.approx((plain.early, plain.median), rel=1e-6)
    assert plain.early < plain.median
    assert plain.late is None or plain.median < plain.late


def test_of_constant_wear_the_interval_holds_as_often_as_it_says() -> None:
    held = []
    for seed in range(80):
        record = np.cumsum(np.random.default_rng(seed).normal(0.5, 0.6, 400))
        crossing = int(np.argmax(record >= 100))
        origin = crossing * 3 // 5
        passage = first_passage(np.arange(origin + 1.0), record[: origin + 1], 100.0)
        if passage:
            held.append(passage.early <= crossing - origin <= (passage.late or np.inf))
    assert len(held) > 70
    assert np.mean(held) >= 0.7


@pytest.mark.parametrize(
    "record",
    [
        np.random.default_rng(1).normal(20, 1, 120),  # noise around a level
        20 + 5 * np.sin(DAYS / 9),  # a season
        np.full(120, 20.0),
        worn(1, drift=-0.5),  # away from it
    ],
)
def test_without_a_trend_towards_it_no_crossing_is_foretold(record: np.ndarray) -> None:
    assert first_passage(DAYS, record, 60.0) is None


def test_too_few_values_are_refused() -> None:
    with pytest.raises(ValueError, match="8 values"):
        first_passage(range(7), range(7), 10.0)


def test_a_value_is_as_unusual_as_it_is_far_from_the_same_hour() -> None:
    usual = [10.0, 11.0, 12.0, 13.0, 14.0]
    assert residual(12.0, usual) == 0
    assert residual(18.0, usual) == 6
    assert residual(6.0, usual) == -6
    assert [round(score(distance)) for distance in (0, 6, -12)] == [0, 50, 75]


def test_with_less_than_five_days_nothing_is_unusual() -> None:
    assert residual(99.0, [10.0] * 4) is None


def test_what_never_moves_is_unusual_when_it_does_but_not_for_a_trifle() -> None:
    assert residual(10.05, [10.0] * 14) == pytest.approx(0.5)
    assert score(residual(20.0, [10.0] * 14) or 0) > 99
    assert residual(0.0, [0.0] * 5) == 0


def test_looking_back_finds_the_hours_that_were_not_like_their_days() -> None:
    day = 10 + np.sin(np.arange(24) / 24 * 2 * np.pi)
    series = np.tile(day, 30) + np.random.default_rng(1).normal(0, 0.1, 720)
    series[400:406] = 2.0
    assert np.flatnonzero(np.abs(residuals(series, 24)) > 6).tolist() == list(range(400, 406))
