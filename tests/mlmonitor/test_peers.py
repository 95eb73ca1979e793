"""The same figures as scipy and scikit-learn come to."""

import math

import numpy as np
import pytest
from scipy import spatial, special, stats
from sklearn import metrics

from mlmonitor.statistics import distances, tails
from mlmonitor.statistics.comparison import theil_sen
from mlmonitor.statistics.performance import Confusion, Errors, Scores, shown

pytestmark = pytest.mark.once
RNG = np.random.default_rng(11)


def test_tails() -> None:
    for degrees in (1, 2, 9, 40, 199):
        for value in (0.01, 0.5, 3.0, 9.0, 21.67, 80.0, 300.0):
            assert tails.chi_square_tail(value, degrees) == pytest.approx(stats.chi2.sf(value, degrees), abs=1e-12)
        for probability in (0.01, 0.5, 0.95, 0.99, 0.999):
            expected = stats.chi2.ppf(probability, degrees)
            assert tails.chi_square_limit(probability, degrees) == pytest.approx(expected, rel=1e-9)
    for value in np.linspace(0.02, 4, 60):
        assert tails.kolmogorov_tail(value) == pytest.approx(special.kolmogorov(value), abs=1e-12)
    assert tails.normal_tail(-1.7) == pytest.approx(2 * stats.norm.sf(1.7), abs=1e-12)
    for value in (-1e6, -300, -40, -20.01, -19.99, -5, -1, 0, 0.5, 3, 9, 50):
        assert tails.log_normal_below(value) == pytest.approx(special.log_ndtr(value), rel=1e-12, abs=1e-12)
    p_values = RNG.random(50) ** 3
    adjusted = stats.false_discovery_control(p_values)
    assert tails.significant(p_values.tolist(), 0.1) == (adjusted <= 0.1).tolist()


def test_distances() -> None:
    for size in (2, 10, 60):
        before, after = RNG.integers(0, 500, size), RNG.integers(1, 500, size)
        r, c = distances.shares(before), distances.shares(after)
        assert distances.js_distance(before, after) == pytest.approx(spatial.distance.jensenshannon(r, c, 2), abs=1e-9)
        symmetric = stats.entropy(r, c) + stats.entropy(c, r)
        assert distances.psi(before, after) == pytest.approx(symmetric, abs=1e-9)
        peer = stats.chi2_contingency(np.stack([before, after]), correction=False)
        ours = distances.chi_square(before, after, rare=0)
        assert (ours.value, ours.p, ours.degrees) == pytest.approx((peer.statistic, peer.pvalue, peer.dof), abs=1e-9)


def test_rows() -> None:
    before, after = RNG.normal(5, 2, 800), RNG.gamma(2, 3, 500)
    peer = stats.ks_2samp(before, after, method="asymp")
    assert distances.ks(before, after).value == pytest.approx(peer.statistic, abs=1e-12)
    assert distances.ks_p(0.06, 800, 500) == pytest.approx(stats.kstwo.sf(0.06, round(800 * 500 / 1300)), abs=0.01)
    expected = stats.wasserstein_distance(before, after) / before.std()
    assert distances.wasserstein(before, after) == pytest.approx(expected, abs=1e-9)


def test_classification() -> None:
    names = ["a", "b", "c"]
    actual, predicted = RNG.choice(names, 400), RNG.choice([*names, "d"], 400)
    pairs = list(zip(actual.tolist(), predicted.tolist(), strict=True))
    confusion = Confusion({pair: pairs.count(pair) for pair in set(pairs)})
    assert confusion.accuracy == pytest.approx(metrics.accuracy_score(actual, predicted), abs=1e-12)
    for averaging in ("macro", "weighted"):
        peers = metrics.precision_recall_fscore_support(actual, predicted, average=averaging, zero_division=0)
        for figure, peer in zip(("precision", "recall", "f1"), peers[:3], strict=True):
            assert shown(confusion.averaged(figure, averaging)) == pytest.approx(peer, abs=1e-9)
    scores, hit = RNG.integers(0, 100, 300) / 100, RNG.random(300) < 0.4
    found = Scores.of(scores, hit)
    assert found.auc == pytest.approx(metrics.roc_auc_score(hit, scores), abs=1e-9)
    assert found.log_loss == pytest.approx(metrics.log_loss(hit, np.clip(scores, 1e-15, 1 - 1e-15)), abs=1e-9)


def test_regression_and_trend() -> None:
    actual = RNG.normal(10, 3, 300)
    predicted = actual + RNG.normal(0.5, 1, 300)
    found = Errors.of(predicted, actual)
    for ours, peer in (
        (found.mae, metrics.mean_absolute_error(actual, predicted)),
        (found.rmse, math.sqrt(metrics.mean_squared_error(actual, predicted))),
        (found.r2, metrics.r2_score(actual, predicted)),
        (found.mape, metrics.mean_absolute_percentage_error(actual, predicted)),
    ):
        assert ours == pytest.approx(peer, abs=1e-9)
    trend = theil_sen(np.arange(300), actual)
    assert trend is not None
    slope, intercept, low, high = stats.theilslopes(actual, np.arange(300))
    assert (trend.slope, trend.low, trend.high) == pytest.approx((slope, low, high), abs=1e-9)
    assert trend.intercept == pytest.approx(intercept, abs=1e-9)
