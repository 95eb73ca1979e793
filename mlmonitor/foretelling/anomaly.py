"""How unusual a value is for its hour of the day: its distance from the same hour's median, in MADs.

r = (x − median) / MAD over the same hour of fourteen days; MAD is the median absolute deviation (Hampel 1974). What
hardly ever moves has a MAD of next to nothing: 1 % of the median counts at least. The score of 0 to 100 is
100 (1 − 2^(−|r|/6)): 50 at |r| = 6, from where on a value counts as an anomaly.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

ANOMALOUS = 6.0
LEAST_DAYS = 5
DAYS = 14


def residual(value: float, same_hour: Sequence[float] | NDArray[np.float64]) -> float | None:
    """The distance in MADs, signed. None with fewer than five values of the same hour to compare with."""
    if len(same_hour) < LEAST_DAYS:
        return None
    median = float(np.median(same_hour))
    mad = float(np.median(np.abs(np.asarray(same_hour) - median)))
    scale = max(mad, 0.01 * abs(median))
    if scale == 0:
        return 0.0 if value == median else float(np.copysign(np.inf, value - median))
    return (value - median) / scale


def score(distance: float) -> float:
    """0 to 100."""
    return 100 * (1 - 2.0 ** (-abs(distance) / ANOMALOUS))


def residuals(values: ArrayLike, per_day: int) -> NDArray[np.float64]:
    """For looking back: each of evenly sampled values (shape (n,)) against the seven days on either side of it.

    NaN where there are fewer than five to compare with.
    """
    x = np.asarray(values, dtype=float)
    found = np.full(len(x), np.nan)
    days = [day for day in range(-DAYS // 2, DAYS // 2 + 1) if day]
    for place, value in enumerate(x):
        others = [place + day * per_day for day in days]
        distance = residual(value, x[[other for other in others if 0 <= other < len(x)]])
        if distance is not None:
            found[place] = distance
    return found
