"""How much the outcomes have changed where an input has the same value."""

import numpy as np
from numpy.typing import ArrayLike

from mlmonitor.statistics.arrays import paired
from mlmonitor.statistics.distances import Tested
from mlmonitor.statistics.tails import chi_square_tail


def psi_within(reference: ArrayLike, current: ArrayLike, outcomes: int) -> Tested:
    """The PSI of the outcomes in each bin of an input, averaged over the current rows: Σ (n_b / n) PSI_b, and its p.

    Both are counts of shape (bins · outcomes,), the outcomes of the first bin first. Bins that are empty on a side say
    nothing. Without unit, ≥ 0; how the input itself is distributed makes no difference. If nothing has changed,
    Σ PSI_b / (1/n_b + 1/m_b) is about χ² with bins · (outcomes − 1) degrees of freedom. Raises Unanswerable for counts
    that are none, or not of the same bins. Source: the conditional PSI of P(Y | X); see `distances.psi`.
    """
    first, second = (side.reshape(-1, outcomes) for side in paired(reference, current))
    m, n = first.sum(axis=1), second.sum(axis=1)
    told = np.flatnonzero((m > 0) & (n > 0))
    if told.size == 0:
        return Tested(0.0, 1.0)
    r, c = (raised / raised.sum(axis=1, keepdims=True) for raised in (first[told] + 0.5, second[told] + 0.5))
    shifts = ((c - r) * np.log(c / r)).sum(axis=1)
    degrees = told.size * (outcomes - 1)
    p = chi_square_tail(float((shifts / (1 / m[told] + 1 / n[told])).sum()), degrees)
    return Tested(float((shifts * n[told]).sum() / n[told].sum()), p, degrees)
