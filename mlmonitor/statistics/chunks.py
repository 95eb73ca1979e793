"""How much the reference differs from itself: what sensor data does from day to day is no drift."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlmonitor.statistics.arrays import Counts
from mlmonitor.statistics.distances import ks_of_bins, psi

SHORTEST = 50
FEWEST = 4
"""No limit is made of fewer chunks."""
MOST = 64
DEVIATIONS = 3.0


class Spread(NamedTuple):
    """Mean and standard deviation of a distance between the reference's chunks and the rest of it."""

    mean: float
    deviation: float

    @property
    def limit(self) -> float:
        return self.mean + DEVIATIONS * self.deviation


Spreads = Mapping[int, Spread]
"""By the chunks' length in rows."""


def chunk_spreads(
    bins: NDArray[np.intp], measure: Callable[[Counts, Counts], float] = psi, count: int = 0
) -> dict[int, Spread]:
    """The distances of the reference's own chunks, for lengths of 50, 100, 200, … rows up to a quarter of it.

    `bins` is the bin of each row in the order of time, shape (n,); `count` how many bins there are. Chunks overlap by
    half; each is compared with the rows outside it, as a window is with a reference that it is not part of. A reference
    of fewer than 200 rows gives none. Source: the house's own; for why, see docs/developer/mlmonitor.md.
    """
    size = bins.size
    of_each = max(count, int(bins.max()) + 1) if size else 1
    spreads: dict[int, Spread] = {}
    length = SHORTEST
    while length * FEWEST <= size:
        starts = np.unique(np.linspace(0, size - length, min(MOST, 2 * size // length - 1)).astype(np.intp))
        total = np.bincount(bins, minlength=of_each).astype(np.float64)
        found = []
        for start in starts:
            chunk = np.bincount(bins[start : start + length], minlength=of_each).astype(np.float64)
            found.append(measure(total - chunk, chunk))
        spreads[length] = Spread(float(np.mean(found)), float(np.std(found, ddof=1)))
        length *= 2
    return spreads


def ks_distance(reference: Counts, current: Counts) -> float:
    return ks_of_bins(reference, current).value


def limit_for(spreads: Spreads, rows: int, reference_rows: int, *, power: float = 1.0) -> float | None:
    """The limit for a window of so many rows; None where the reference gives none.

    That of the longest chunks that are no longer (else of the shortest), times the ratio of 1/n + 1/m to what it was
    for them, to `power`: 1 for distances that shrink with the rows (PSI), ½ for those that shrink with their root (KS).
    """
    if not spreads:
        return None
    length = max((length for length in spreads if length <= rows), default=min(spreads))
    noise = 1 / rows + 1 / reference_rows
    return spreads[length].limit * (noise / (1 / length + 1 / max(1, reference_rows - length))) ** power
