"""The kinds of arrays that the statistics take and give."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.float64]
"""How many of each; whole numbers, or sums of probabilities."""


class Unanswerable(ValueError):
    """Why there is no figure for what was given, in a sentence."""


def counts_of(given: ArrayLike) -> Counts:
    """A one-dimensional array of counts. Raises Unanswerable for anything but finite numbers that are not negative."""
    counts: Counts = np.asarray(given, dtype=np.float64)
    if counts.ndim != 1 or counts.size == 0:
        raise Unanswerable("Counts are a list with at least one number.")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise Unanswerable("Counts are finite and not negative.")
    return counts


def paired(reference: ArrayLike, current: ArrayLike) -> tuple[Counts, Counts]:
    """Two arrays of counts of the same bins. Raises Unanswerable if they are not."""
    first, second = counts_of(reference), counts_of(current)
    if first.shape != second.shape:
        raise Unanswerable(f"Counts of {first.size} and of {second.size} bins cannot be compared.")
    return first, second


def rows_of(given: Any) -> Floats:
    """The finite ones among the given numbers, as an array."""
    rows: Floats = np.asarray(given, dtype=np.float64).ravel()
    return rows[np.isfinite(rows)]
