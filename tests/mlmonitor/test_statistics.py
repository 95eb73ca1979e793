"""What holds of the statistics for all numbers, and what they come to by hand."""

import json
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmonitor.statistics import distances
from mlmonitor.statistics.arrays import Unanswerable
from mlmonitor.statistics.chunks import chunk_spreads, limit_for
from mlmonitor.statistics.comparison import mcnemar, theil_sen
from mlmonitor.statistics.conditional import psi_within
from mlmonitor.statistics.estimate import Expected, is_worse_than_expected
from mlmonitor.statistics.performance import Confusion, Errors, Scores, as_json, from_json, shown, wilson
from mlmonitor.statistics.profiles import (
    Categories,
    CategoryProfile,
    NumericProfile,
    edges_of,
    groups_of,
    merged,
    spans_of,
)
from mlmonitor.statistics.stream import ErrorStream, dependence
from mlmonitor.statistics.tails import significant

pytestmark = pytest.mark.once

counts = st.lists(st.integers(0, 10**6), min_size=1, max_size=12)
pairs = st.integers(1, 12).flatmap(
    lambda size: st.tuples(*[st.lists(st.integers(0, 10**6), min_size=size, max_size=size)] * 2)
)
numbers = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=40)
SYMMETRIC = (distances.psi, distances.js_divergence, distances.js_distance, distances.l_infinity)


@settings(max_examples=60)
@given(pairs)
def test_distances_are_symmetric_finite_and_zero_on_the_same(both: tuple[list[int], list[int]]) -> None:
    for distance in SYMMETRIC:
        there, back = distance(both[0], both[1]), distance(both[1], both[0])
        assert 0 <= there < math.inf
        assert there == pytest.approx(back, abs=1e-9)
        assert distance(both[0], both[0]) == pytest.approx(0, abs=1e-7)
    tested = distances.chi_square(*both)
    assert 0 <= tested.value < math.inf
    assert 0 <= tested.p <= 1


@settings(max_examples=60)
@given(pairs, st.integers(1, 4))
def test_shifts_within_bins_are_finite_and_zero_on_the_same(both: tuple[list[int], list[int]], outcomes: int) -> None:
    reference, current = ([*side] * outcomes for side in both)
    tested = psi_within(reference, current, outcomes)
    assert 0 <= tested.value < math.inf
    assert 0 <= tested.p <= 1
    same = psi_within(reference, reference, outcomes)
    assert (same.value, same.p) == pytest.approx((0, 1), abs=1e-9)


def test_shifts_within_bins_do_not_see_how_the_input_is_distributed() -> None:
    """Twice as often in the first bin; in each bin the same outcomes, then in one of them others."""
    assert psi_within([500, 500, 100, 900], [1_000, 1_000, 100, 900], 2).value == pytest.approx(0, abs=1e-5)
    found = psi_within([500, 500, 100, 900], [500, 500, 900, 100], 2)
    assert found.value == pytest.approx(distances.psi([100, 900], [900, 100]) / 2, abs=1e-12)
    assert found.p < 1e-9


@settings(max_examples=60)
@given(numbers, numbers)
def test_profiles_add_up(first: list[float], second: list[float]) -> None:
    if not any(math.isfinite(value) for value in first):
        return
    edges = edges_of(first)
    together = NumericProfile.of([*first, *second], edges)
    added = NumericProfile.of(first, edges) + NumericProfile.of(second, edges)
    assert added.counts.tolist() == together.counts.tolist()
    assert (added.n, added.missing, added.infinite) == (together.n, together.missing, together.infinite)
    assert (added.minimum, added.maximum) == (together.minimum, together.maximum)
    assert together.counts.sum() == together.n
    assert np.isfinite([together.mean, together.m2, added.mean, added.m2]).all()


@settings(max_examples=40)
@given(*[st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)] * 2)
def test_moments_add_up(first: list[float], second: list[float]) -> None:
    together = NumericProfile.of([*first, *second], [0.0])
    added = NumericProfile.of(first, [0.0]) + NumericProfile.of(second, [0.0])
    assert added.mean == pytest.approx(together.mean, rel=1e-9, abs=1e-6)
    assert added.deviation == pytest.approx(together.deviation, rel=1e-6, abs=1e-3)


@settings(max_examples=40)
@given(*[st.lists(st.sampled_from(["a", "b", "c", None]), max_size=20)] * 3)
def test_categories_add_up(reference: list[Any], first: list[Any], second: list[Any]) -> None:
    names = Categories.of(reference)
    added = CategoryProfile.of(first, names) + CategoryProfile.of(second, names)
    assert added == CategoryProfile.of([*first, *second], names)
    assert added.rows == len(first) + len(second)
    assert CategoryProfile.from_json(json.loads(json.dumps(added.as_json()))) == added


@settings(max_examples=40)
@given(*[st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), max_size=20)] * 2)
def test_errors_add_up(first: list[tuple[float, float]], second: list[tuple[float, float]]) -> None:
    one, other, both = (
        Errors.of([row[0] for row in rows], [row[1] for row in rows]) for rows in (first, second, first + second)
    )
    for figure in ("mae", "rmse", "bias"):
        assert shown(getattr(one + other, figure)) == pytest.approx(shown(getattr(both, figure)), rel=1e-9, abs=1e-9)
    assert (one + other).outcome_m2 == pytest.approx(both.outcome_m2, rel=1e-6, abs=1e-3)


def test_a_profile_survives_json() -> None:
    edges = edges_of(np.arange(500.0))
    profile = NumericProfile.of([1.0, 2.5, math.nan, math.inf, -math.inf], edges)
    again = NumericProfile.from_json(json.loads(json.dumps(profile.as_json())))
    assert again.as_json() == profile.as_json()
    assert (again.missing, again.infinite, again.n) == (1, 2, 2)


def test_by_hand_to_a_billionth() -> None:
    r, c = np.array([10.5, 20.5, 70.5]) / 101.5, np.array([30.5, 30.5, 40.5]) / 101.5
    by_hand = sum((b - a) * math.log(b / a) for a, b in zip(r, c, strict=True))
    assert distances.psi([10, 20, 70], [30, 30, 40]) == pytest.approx(by_hand, abs=1e-12)
    half = sum(a * math.log2(2 * a / (a + b)) + b * math.log2(2 * b / (a + b)) for a, b in zip(r, c, strict=True)) / 2
    assert distances.js_divergence([10, 20, 70], [30, 30, 40]) == pytest.approx(half, abs=1e-12)
    assert distances.l_infinity([10, 20, 70], [30, 30, 40]) == pytest.approx(0.3, abs=1e-12)
    assert distances.wasserstein([0, 1], [5, 6]) == pytest.approx(10, abs=1e-12)
    assert distances.ks([1, 2, 3, 4], [3, 4, 5, 6]).value == 0.5


def test_what_cannot_be_answered_says_so() -> None:
    for wrong in ([], [1, -1], [1, math.nan], [[1, 2]]):
        with pytest.raises(Unanswerable):
            distances.psi(wrong, wrong)
    with pytest.raises(Unanswerable, match="2 and of 3 bins"):
        distances.psi([1, 2], [1, 2, 3])
    for nothing in ([], [math.nan], [math.inf]):
        with pytest.raises(Unanswerable):
            edges_of(nothing)
        with pytest.raises(Unanswerable):
            distances.ks(nothing, [1.0])
        with pytest.raises(Unanswerable):
            distances.wasserstein([1.0], nothing)


def test_heavy_values_have_bins_of_their_own() -> None:
    edges = edges_of([0.0] * 500 + list(np.linspace(1, 2, 500)))
    profile = NumericProfile.of([-1.0, 0.0, 0.0, 0.5], edges)
    assert profile.counts[:3].tolist() == [1, 2, 1]
    assert len(edges) <= 202


def test_merged_bins_hold_about_a_tenth_each() -> None:
    edges = edges_of(np.random.default_rng(1).normal(size=5_000))
    counts = np.full(len(edges) + 1, 25)
    groups = groups_of(counts)
    assert merged(counts, groups).tolist() == [500] * 10
    spans = spans_of(edges, groups)
    assert (spans[0][0], spans[-1][1], len(spans)) == (None, None, 10)
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_a_profile_s_ks_is_within_two_thousandths() -> None:
    rng = np.random.default_rng(3)
    before, after = rng.normal(size=20_000), rng.normal(0.2, 1.1, size=20_000)
    edges = edges_of(before)
    profiles = [NumericProfile.of(rows, edges) for rows in (before, after)]
    binned = distances.ks_of_bins(profiles[0].counts, profiles[1].counts).value
    assert binned == pytest.approx(distances.ks(before, after).value, abs=2e-3)
    normed = distances.wasserstein_of_bins(profiles[0].counts, profiles[1].counts, edges, profiles[0].deviation)
    assert normed == pytest.approx(distances.wasserstein(before, after), abs=0.02)


def test_few_rows_give_no_chunk_limit() -> None:
    assert chunk_spreads(np.zeros(199, dtype=np.intp)) == {}
    assert limit_for({}, 100, 1_000) is None
    spreads = chunk_spreads(np.random.default_rng(1).integers(0, 10, 1_000))
    assert sorted(spreads) == [50, 100, 200]
    limits = [limit_for(spreads, rows, 1_000) or 0.0 for rows in (50, 100, 400, 4_000)]
    assert limits == sorted(limits, reverse=True)


def test_not_defined_is_none_and_zero_in_the_api() -> None:
    nothing = Confusion()
    assert (nothing.accuracy, shown(nothing.accuracy)) == (None, 0.0)
    only_no = Confusion({("no", "no"): 5})
    assert only_no.averaged("precision", "binary", "yes") is None
    assert only_no.averaged("precision", "macro") == 1.0
    assert Scores.of([0.2, 0.4], [False, False]).auc is None
    assert (Errors().mae, Errors().r2, Errors().mae_interval()) == (None, None, None)
    assert from_json(json.loads(json.dumps(as_json(only_no)))) == only_no


def test_wilson_by_hand() -> None:
    assert wilson(0, 0) == (0, 1)
    assert wilson(8, 10) == pytest.approx((0.4901624715, 0.9433178485), abs=1e-9)


def test_the_interval_of_f1_is_that_of_the_share_it_rises_with() -> None:
    """8 of 8 + 3 + 1 rows that are positive on either side."""
    low, high = wilson(8, 12)
    confusion = Confusion({("yes", "yes"): 8, ("no", "yes"): 3, ("yes", "no"): 1, ("no", "no"): 50})
    assert confusion.interval("f1", "binary", "yes") == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))
    assert confusion.interval("f1", "binary", "maybe") is None
    assert Confusion().interval("f1", "macro") is None


@pytest.mark.parametrize("averaging", ["binary", "macro", "weighted"])
def test_intervals_of_f1_hold_as_often_as_they_say(averaging: str) -> None:
    """95 %, give or take what 200 trials allow for; the bootstrap's are a little short of few rows."""
    truth = {("a", "a"): 0.3, ("a", "b"): 0.1, ("b", "a"): 0.05, ("b", "b"): 0.35, ("c", "c"): 0.15, ("c", "a"): 0.05}
    right = Confusion({pair: round(1_000 * share) for pair, share in truth.items()}).averaged("f1", averaging, "a")
    held = 0
    for counts in np.random.default_rng(6).multinomial(150, list(truth.values()), 200):
        drawn = Confusion(dict(zip(truth, counts.tolist(), strict=True)))
        low, high = drawn.interval("f1", averaging, "a") or (1.0, 0.0)
        held += low <= (right or 0.0) <= high
    assert held >= 0.9 * 200


def test_estimated_performance_is_the_sum_of_probabilities() -> None:
    estimate = Expected.of([0.9, 0.8, 0.3, 0.1], [True, True, False, False])
    assert estimate.true_positive == pytest.approx(1.7)
    assert estimate.accuracy == pytest.approx(3.3 / 4)
    many = Expected.of([0.9] * 1_000, [True] * 1_000)
    assert not is_worse_than_expected(many, 890)
    assert is_worse_than_expected(many, 800)
    assert not is_worse_than_expected(many, 800, usual_gap=0.1)
    assert not is_worse_than_expected(Expected(), 0)


def test_a_stream_notices_more_errors_and_goes_on_where_it_stopped() -> None:
    rng = np.random.default_rng(5)
    calm = (rng.random(2_000) < 0.1).astype(float).tolist()
    worse = (rng.random(1_000) < 0.3).astype(float).tolist()
    state, risen = ErrorStream().then(calm)
    assert risen is None
    again = ErrorStream(**json.loads(json.dumps(state.as_json())))
    assert again == state
    _, risen = again.then(worse)
    assert risen is not None
    assert risen < 400
    assert ErrorStream().then(calm + worse)[1] == 2_000 + risen


def test_errors_in_bunches_tell_less() -> None:
    rng = np.random.default_rng(4)
    independent = (rng.random(4_000) < 0.2).astype(float).tolist()
    assert dependence(independent) < 2
    assert dependence(np.repeat(independent[:400], 10).tolist()) == pytest.approx(10, rel=0.5)
    assert dependence([0.0] * 500) == dependence([]) == 1
    assert ErrorStream().then([0.0] * 60 + [1.0] * 40)[1] is not None
    assert ErrorStream().then([0.0] * 60 + [1.0] * 40, dependence=40)[1] is None


def test_trends_and_comparisons() -> None:
    assert theil_sen([1, 1], [1, 2]) is None
    straight = theil_sen(range(20), [2 * x + 1 for x in range(20)])
    assert straight is not None
    assert (straight.slope, straight.intercept, straight.is_distinct) == (2, 1, True)
    noise = theil_sen(range(60), np.random.default_rng(2).normal(size=60))
    assert noise is not None
    assert not noise.is_distinct
    assert mcnemar(0, 0) == 1
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 1024)
    assert mcnemar(10, 40) < 0.001


def test_of_many_findings_the_lucky_ones_fall() -> None:
    assert significant([0.01, 0.2, 0.5], 0.05) == [True, False, False]
    assert significant([0.04, 0.2, 0.5], 0.05) == [False, False, False]
    assert significant([], 0.05) == []
