"""How far two distributions are from each other.

`reference` and `current` are counts of the same bins, of shape (bins,), unless a function says that it takes rows.
All raise Unanswerable where counts are none, or are not of the same bins.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mlmonitor.statistics.arrays import Counts, Floats, Unanswerable, paired, rows_of
from mlmonitor.statistics.tails import chi_square_tail, kolmogorov_tail

RARE = 0.005
"""Categories with a smaller share of the reference are tested together."""


class Tested(NamedTuple):
    """A statistic, and the probability of one at least as large when nothing has changed."""

    value: float
    p: float
    degrees: int = 0


def shares(counts: ArrayLike, added: float = 0.5) -> Floats:
    """Each bin's share of all, after `added` was added to every count: none of them is 0. They sum to 1."""
    raised = np.asarray(counts, dtype=np.float64) + added
    total = raised.sum()
    return raised / total if total > 0 else np.zeros_like(raised)


def psi(reference: ArrayLike, current: ArrayLike) -> float:
    """Population stability index: Σ (c − r) ln(c / r) over shares r and c after 0.5 was added to every count.

    Without unit, ≥ 0, symmetric; 0 for equal shares. It is Jeffreys' divergence. Source: Siddiqi (2006), Credit Risk
    Scorecards; Yurdakul and Naranjo (2020), J. Risk Model Validation 14(4), for its distribution.
    """
    first, second = paired(reference, current)
    r, c = shares(first), shares(second)
    return float(max(0.0, ((c - r) * np.log(c / r)).sum()))


def js_divergence(reference: ArrayLike, current: ArrayLike) -> float:
    """Jensen–Shannon divergence, base 2, in [0, 1] bits: ½ Σ r log₂(r / m) + ½ Σ c log₂(c / m), m = (r + c) / 2.

    Of the same smoothed shares as `psi`. Source: Lin (1991), IEEE Trans. Inf. Theory 37(1).
    """
    first, second = paired(reference, current)
    r, c = shares(first), shares(second)
    middle = (r + c) / 2
    divergence = (r * np.log2(r / middle) + c * np.log2(c / middle)).sum() / 2
    return float(min(1.0, max(0.0, divergence)))


def js_distance(reference: ArrayLike, current: ArrayLike) -> float:
    """Jensen–Shannon distance, base 2, in [0, 1]: the square root of the divergence, a metric.

    Agrees with scipy.spatial.distance.jensenshannon(r, c, 2). PSI ≈ 8 ln 2 · distance² for small changes. Source:
    Endres and Schindelin (2003), IEEE Trans. Inf. Theory 49(7).
    """
    return math.sqrt(js_divergence(reference, current))


def l_infinity(reference: ArrayLike, current: ArrayLike) -> float:
    """The largest change of any bin's share, in [0, 1]: max |c − r|, of shares as they are. No rows: a share of 0."""
    first, second = paired(reference, current)
    return float(np.abs(shares(first, 0) - shares(second, 0)).max())


def chi_square(reference: ArrayLike, current: ArrayLike, *, rare: float = RARE) -> Tested:
    """Pearson's χ² of the 2 × bins table: Σ (seen − expected)² / expected, and its p.

    Bins with a smaller share than `rare` of the reference are merged into one first; empty ones do not count. The value
    is ≥ 0, without unit; p is 1 where fewer than two bins are left or a side is empty. Agrees with
    scipy.stats.chi2_contingency(correction=False). Source: Pearson (1900).
    """
    table = np.stack(merge_rare(*paired(reference, current), rare))
    table = table[:, table.sum(axis=0) > 0]
    sums = table.sum(axis=1, keepdims=True)
    if table.shape[1] < 2 or (sums == 0).any():
        return Tested(0.0, 1.0)
    expected = sums * table.sum(axis=0) / table.sum()
    value = float(((table - expected) ** 2 / expected).sum())
    degrees = table.shape[1] - 1
    return Tested(value, chi_square_tail(value, degrees), degrees)


def merge_rare(reference: Counts, current: Counts, rare: float) -> tuple[Counts, Counts]:
    """The counts with all bins that have a smaller share than `rare` of the reference summed up as the last bin."""
    is_rare = reference < rare * reference.sum()
    if is_rare.sum() < 2:
        return reference, current
    kept = ~is_rare
    return (
        np.append(reference[kept], reference[is_rare].sum()),
        np.append(current[kept], current[is_rare].sum()),
    )


def ks(reference: ArrayLike, current: ArrayLike) -> Tested:
    """Kolmogorov–Smirnov of rows, shapes (n,) and (m,): D = max |F(x) − G(x)|, exact, in [0, 1], and its p.

    p by Stephens' approximation of the asymptotic distribution (`ks_p`). Rows that are not finite are left out; raises
    Unanswerable if none are left. D agrees with scipy.stats.ks_2samp. Source: Smirnov (1948); Stephens (1970).
    """
    first, second = np.sort(rows_of(reference)), np.sort(rows_of(current))
    if first.size == 0 or second.size == 0:
        raise Unanswerable("There is no finite number to compare.")
    both = np.concatenate([first, second])
    below = np.searchsorted(first, both, side="right") / first.size
    distance = float(np.abs(below - np.searchsorted(second, both, side="right") / second.size).max())
    return Tested(distance, ks_p(distance, first.size, second.size))


def ks_of_bins(reference: ArrayLike, current: ArrayLike) -> Tested:
    """The same from counts of bins in rising order: D at the bins' edges, a lower bound of the exact one.

    With 200 bins of equal reference shares it is within 2e-3 of it where the current rows are spread alike within bins.
    """
    first, second = paired(reference, current)
    n, m = first.sum(), second.sum()
    if n == 0 or m == 0:
        raise Unanswerable("There is nothing to compare.")
    distance = float(np.abs(first.cumsum() / n - second.cumsum() / m).max())
    return Tested(distance, ks_p(distance, float(n), float(m)))


def ks_p(distance: float, n: float, m: float) -> float:
    """The probability of a D at least as large: Q((√k + 0.12 + 0.11 / √k) · D), k = nm / (n + m). In [0, 1].

    Source: Stephens (1970), J. R. Stat. Soc. B 32, 115–122.
    """
    root = math.sqrt(n * m / (n + m))
    return kolmogorov_tail((root + 0.12 + 0.11 / root) * distance)


def wasserstein(reference: ArrayLike, current: ArrayLike) -> float:
    """Wasserstein-1 of rows, in standard deviations of the reference: ∫ |F(x) − G(x)| dx / σ.

    Where the reference is constant, σ is taken for 1: the answer is in the feature's own unit. Rows that are not finite
    are left out; raises Unanswerable if none are left. Agrees with scipy.stats.wasserstein_distance / σ.
    Source: Vallender (1974), Theory Probab. Appl. 18(4).
    """
    first, second = np.sort(rows_of(reference)), np.sort(rows_of(current))
    if first.size == 0 or second.size == 0:
        raise Unanswerable("There is no finite number to compare.")
    both = np.sort(np.concatenate([first, second]))
    below = np.searchsorted(first, both[:-1], side="right") / first.size
    gap = np.abs(below - np.searchsorted(second, both[:-1], side="right") / second.size)
    return float((gap * np.diff(both)).sum() / (first.std() or 1.0))


def wasserstein_of_bins(reference: ArrayLike, current: ArrayLike, edges: ArrayLike, deviation: float) -> float:
    """The same from counts: bins lie between `edges` (rising, shape (bins − 1,)), the outermost are open.

    Trapezia under |F − G| between the edges; what lies beyond them is not seen, so it is a lower estimate.
    """
    first, second = paired(reference, current)
    n, m = first.sum(), second.sum()
    if n == 0 or m == 0:
        raise Unanswerable("There is nothing to compare.")
    at = np.asarray(edges, dtype=np.float64)
    gap = np.abs(first.cumsum() / n - second.cumsum() / m)[:-1]
    area = ((gap[1:] + gap[:-1]) / 2 * np.diff(at)).sum() if at.size > 1 else 0.0
    return float(area / (deviation or 1.0))


def proportions_differ(hits_1: float, n_1: float, hits_2: float, n_2: float) -> float:
    """The p of the pooled two-proportion z-test, of both sides, in [0, 1]; 1 where a side is empty or all are alike.

    z = (h₁/n₁ − h₂/n₂) / √(q (1 − q) (1/n₁ + 1/n₂)), q = (h₁ + h₂) / (n₁ + n₂). z² is `chi_square` of the 2 × 2 table.
    """
    return chi_square([hits_1, n_1 - hits_1], [hits_2, n_2 - hits_2], rare=0).p
