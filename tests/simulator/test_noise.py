import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotsphere.simulator.noise import Noise

pytestmark = pytest.mark.once

moments = st.lists(st.floats(0, 4e9), min_size=1, max_size=20)


@given(moments)
def test_a_moment_has_the_same_noise_asked_alone_or_among_others(seconds: list[float]) -> None:
    noise = Noise("ESP32_SIM_01")
    together = noise.drift("weather", seconds, 3600)
    alone = [float(noise.drift("weather", second, 3600)) for second in seconds]
    np.testing.assert_array_equal(together, alone)


@given(moments, st.floats(1, 1e6))
def test_drift_stays_within_one(seconds: list[float], period: float) -> None:
    assert np.all(np.abs(Noise("a").drift("x", seconds, period)) <= 1)


def test_drift_has_no_jumps() -> None:
    drift = Noise("a").drift("x", np.arange(0, 36_000, 1.0), 3600)
    assert np.abs(np.diff(drift)).max() < 0.002


def test_white_noise_is_standard_normal() -> None:
    sample = Noise("a").white("x", np.arange(100_000.0))
    assert abs(sample.mean()) < 0.02
    assert abs(sample.std() - 1) < 0.02


def test_two_names_have_nothing_in_common() -> None:
    seconds = np.arange(10_000.0)
    correlation = np.corrcoef(Noise("a").white("x", seconds), Noise("b").white("x", seconds))[0, 1]
    assert abs(correlation) < 0.05


def test_the_seed_of_a_name_never_changes() -> None:
    assert Noise("ESP32_SIM_01").seed("weather") == SEED_OF_WEATHER


SEED_OF_WEATHER = 4639745029286684650
