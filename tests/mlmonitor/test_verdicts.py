"""Which windows are called drift, and which are not. `python -m bench drift` has the long figures."""

from collections.abc import Callable

import numpy as np
import pytest

from mlmonitor.statistics.arrays import Floats
from mlmonitor.statistics.drift import Finding, Reference, Verdict, judge, of_all, together
from mlmonitor.statistics.profiles import Categories, CategoryProfile, NumericProfile, edges_of

pytestmark = pytest.mark.once
Made = Callable[[np.random.Generator, int], Floats]


def verdict(before: Floats, after: Floats) -> Finding:
    edges = edges_of(before)
    return judge(Reference.of(before, edges), NumericProfile.of(after, edges))


def normal(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(size=n)


def integers(rng: np.random.Generator, n: int) -> Floats:
    return rng.poisson(3, n).astype(float)


def bimodal(rng: np.random.Generator, n: int) -> Floats:
    return np.where(rng.random(n) < 0.4, rng.normal(-5, 1, n), rng.normal(5, 1, n))


def autoregressive(rng: np.random.Generator, rows: int, count: int = 1) -> Floats:
    """`count` series of AR(1) with φ = 0.9, shape (count, rows)."""
    noise = rng.normal(size=(count, rows + 100))
    series = np.zeros_like(noise)
    for step in range(1, noise.shape[1]):
        series[:, step] = 0.9 * series[:, step - 1] + noise[:, step]
    return series[:, 100:]


@pytest.mark.parametrize("made", [normal, integers, bimodal])
def test_equal_distributions_are_no_drift(made: Made) -> None:
    rng = np.random.default_rng(7)
    alarms = trials = 0
    for _ in range(8):
        before = made(rng, 2_000)
        edges = edges_of(before)
        reference = Reference.of(before, edges)
        for rows in (50, 200, 1_000, 5_000):
            for _ in range(12):
                alarms += judge(reference, NumericProfile.of(made(rng, rows), edges)).verdict == Verdict.DRIFT
                trials += 1
    assert alarms <= 0.01 * trials


def test_autocorrelated_windows_are_seldom_drift() -> None:
    """A test that takes the rows for independent calls 79–99 % of these windows drift."""
    rng = np.random.default_rng(8)
    alarms = 0
    for before in autoregressive(rng, 5_000, 10):
        edges = edges_of(before)
        reference = Reference.of(before, edges)
        windows = autoregressive(rng, 800, 20)
        alarms += sum(judge(reference, NumericProfile.of(rows, edges)).verdict == Verdict.DRIFT for rows in windows)
    assert alarms <= 0.12 * 200


def test_half_a_deviation_is_drift() -> None:
    rng = np.random.default_rng(9)
    before = normal(rng, 2_000)
    edges = edges_of(before)
    reference = Reference.of(before, edges)
    found = sum(
        judge(reference, NumericProfile.of(normal(rng, 200) + 0.5, edges)).verdict == "drift" for _ in range(50)
    )
    assert found >= 48
    assert all(
        judge(reference, NumericProfile.of(normal(rng, 1_000) + 0.5, edges)).verdict == "drift" for _ in range(9)
    )


def test_odd_values_get_a_right_verdict() -> None:
    rng = np.random.default_rng(10)
    before, after = normal(rng, 2_000), normal(rng, 500)
    spike = after + 1
    spike[17] = 1e6
    assert verdict(before, spike).verdict == "drift"
    with_spike = before.copy()
    with_spike[3] = 1e6
    assert verdict(with_spike, after + 1).verdict == "drift"
    assert verdict(with_spike, after).verdict == "ok"
    for scale in (1e-6, 1e9):
        assert verdict(before * scale, after * scale).verdict == "ok"
        assert verdict(before * scale, (after + 0.6) * scale).verdict == "drift"
        assert verdict(scale + before * scale * 1e-6, scale + (after + 1) * scale * 1e-6).verdict == "drift"
    constant = np.full(500, 20.0)
    assert verdict(constant, constant[:100]).verdict == "ok"
    assert verdict(constant, constant[:100] + 1e-9).verdict == "drift"
    assert verdict(before, after + 1_000).verdict == "drift"
    assert verdict(integers(rng, 2_000), integers(rng, 400) + 1).verdict == "drift"
    assert verdict(bimodal(rng, 2_000), np.abs(bimodal(rng, 400))).verdict == "drift"
    extreme = verdict(np.array([-1.7e308, 1.7e308] * 100), np.array([0.0, 1.7e308] * 50))
    assert extreme.verdict == "drift"
    assert np.isfinite([extreme.psi, extreme.js, extreme.limit]).all()


def test_missing_values_are_data_quality_and_no_drift() -> None:
    rng = np.random.default_rng(11)
    before, after = normal(rng, 2_000), normal(rng, 800)
    after[rng.random(800) < 0.25] = np.nan
    found = verdict(before, after)
    assert (found.verdict, found.is_missing_alarming) == ("ok", True)
    assert found.missing_change == pytest.approx(0.25, abs=0.05)
    all_missing = verdict(before, np.full(800, np.nan))
    assert (all_missing.verdict, all_missing.is_missing_alarming) == ("insufficient", True)


def test_too_few_rows_are_neither() -> None:
    rows = np.arange(99.0)
    assert verdict(rows, rows).verdict == "insufficient"
    assert verdict(np.arange(100.0), np.arange(29.0) + 500).verdict == "insufficient"
    assert verdict(np.arange(100.0), np.arange(30.0) + 500).verdict == "drift"


def of_words(before: list[str | None], after: list[str | None]) -> Finding:
    names = Categories.of(before)
    return judge(Reference.of_categories(before, names), CategoryProfile.of(after, names))


def test_categories() -> None:
    rng = np.random.default_rng(12)
    modes = ["ECO", "BOOST", "OFF"]
    usual: list[str | None] = rng.choice(modes, 2_000, p=[0.7, 0.2, 0.1]).tolist()
    assert of_words(usual, rng.choice(modes, 300, p=[0.7, 0.2, 0.1]).tolist()).verdict == "ok"
    assert of_words(usual, rng.choice(modes, 300, p=[0.3, 0.3, 0.4]).tolist()).verdict == "drift"
    new = of_words(usual, [*usual[:280], *["SOLAR"] * 20])
    assert (new.is_unseen_alarming, new.unseen_share) == (True, 20 / 300)
    assert not of_words(usual, [*usual[:296], *["SOLAR"] * 4]).is_unseen_alarming
    assert of_words(usual, [None] * 300).verdict == "insufficient"


def test_two_hundred_sparse_categories_without_drift() -> None:
    rng = np.random.default_rng(13)
    names = [f"valve-{number}" for number in range(200)]
    alarms = 0
    for rows in (50, 500, 2_000) * 10:
        alarms += of_words(rng.choice(names, 1_000).tolist(), rng.choice(names, rows).tolist()).verdict == "drift"
    assert alarms == 0


def test_profiles_of_two_types_are_an_error() -> None:
    reference = Reference.of(np.arange(200.0), edges_of(np.arange(200.0)))
    assert judge(reference, CategoryProfile({"a": 50})).verdict == Verdict.ERROR


def test_there_is_one_verdict_on_a_model() -> None:
    ok, drift, few, error = Verdict.OK, Verdict.DRIFT, Verdict.INSUFFICIENT, Verdict.ERROR
    verdict, share = of_all([drift, ok, ok], [1, 1, 1])
    assert (verdict, round(share, 9)) == (Verdict.WARNING, 0.333333333)
    assert of_all([drift, ok, ok], [5, 1, 1])[0] == drift
    assert of_all([drift, ok], [0, 0])[0] == drift
    assert of_all([ok, few, error], [1, 9, 9]) == (ok, 0.0)
    assert of_all([few, error], [1, 1])[0] == few
    assert of_all([error], [1])[0] == error
    assert of_all([], [])[0] == few


def test_one_of_many_features_that_does_it_by_chance_is_a_warning() -> None:
    calm = [Finding(Verdict.OK, p=0.5)] * 99
    assert together([Finding(Verdict.DRIFT, p=0.005), *calm])[0].verdict == Verdict.WARNING
    assert together([Finding(Verdict.DRIFT, p=1e-9), *calm])[0].verdict == Verdict.DRIFT
