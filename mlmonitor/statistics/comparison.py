"""Which way a series goes, and which of two models is better."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mlmonitor.statistics.arrays import Floats
from mlmonitor.statistics.tails import chi_square_tail, normal_limit

MOST_POINTS = 2_000


class Trend(NamedTuple):
    """A slope in y's unit for one of x's, and between which two it lies."""

    slope: float
    low: float
    high: float
    intercept: float

    @property
    def is_distinct(self) -> bool:
        """Zero is not among what it may be."""
        return self.low > 0 or self.high < 0


def theil_sen(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Trend | None:
    """The median of the slopes between all pairs of points, with its interval by Kendall's S; shapes (n,).

    Rows that are not finite are left out. None for fewer than two different x. Of more than 2,000 points every k-th is
    taken. Agrees with scipy.stats.theilslopes. Source: Sen (1968), J. Am. Stat. Assoc. 63, 1379–1389.
    """
    xs: Floats = np.asarray(x, dtype=np.float64)
    ys: Floats = np.asarray(y, dtype=np.float64)
    known = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[known], ys[known]
    if xs.size > MOST_POINTS:
        step = -(-xs.size // MOST_POINTS)
        xs, ys = xs[::step], ys[::step]
    first, second = np.triu_indices(xs.size, 1)
    run = xs[second] - xs[first]
    slopes = np.sort((ys[second] - ys[first])[run != 0] / run[run != 0])
    if slopes.size == 0:
        return None
    slope = float(np.median(slopes))
    intercept = float(np.median(ys) - slope * np.median(xs))
    n = xs.size
    _, ties_x = np.unique(xs, return_counts=True)
    _, ties_y = np.unique(ys, return_counts=True)
    variance = (
        n * (n - 1) * (2 * n + 5)
        - (ties_x * (ties_x - 1) * (2 * ties_x + 5)).sum()
        - (ties_y * (ties_y - 1) * (2 * ties_y + 5)).sum()
    ) / 18
    reach = normal_limit(confidence) * math.sqrt(max(0.0, variance))
    high = min(round((slopes.size + reach) / 2), slopes.size - 1)
    low = max(round((slopes.size - reach) / 2) - 1, 0)
    return Trend(slope, float(slopes[low]), float(slopes[high]), intercept)


def mcnemar(only_first: int, only_second: int) -> float:
    """How likely such a difference is if two models are equally good on the same rows: p, in [0, 1].

    `only_first` counts the rows that the first alone got right. Exact (binomial) for fewer than 25 discordant rows,
    else χ² = (|b − c| − 1)² / (b + c) with one degree of freedom.
    Source: McNemar (1947), Psychometrika 12, 153–157; Edwards (1948).
    """
    n = only_first + only_second
    if n == 0:
        return 1.0
    if n < 25:
        fewer = min(only_first, only_second)
        return min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)
    value = max(0.0, abs(only_first - only_second) - 1) ** 2 / n
    return chi_square_tail(value, 1)
