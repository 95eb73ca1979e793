"""HDDM_A: whether the mean of a stream of errors has risen, one error at a time."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class ErrorStream:
    """What is remembered of a stream of values in [0, 1]: their sum, and the prefix whose mean has the lowest bound.

    The mean has risen when it exceeds the prefix's by ε = √(½ (n − k)/(nk) ln(2/δ)), by Hoeffding's inequality; then it
    begins anew. Source: Frías-Blanco et al. (2015), IEEE Trans. Knowl. Data Eng. 27(3), HDDM_A-test, one-sided.
    """

    n: int = 0
    total: float = 0.0
    least_n: int = 0
    least_total: float = 0.0

    def then(
        self, errors: Iterable[float], confidence: float = 0.001, dependence: float = 1.0
    ) -> tuple[Self, int | None]:
        """The state after these errors, and the position of the first one at which the mean had risen, if any.

        `confidence` δ in (0, 1): the probability of a false alarm at any one comparison. `dependence` ≥ 1: so many
        errors tell as much as one that is independent of the others; ε is √dependence times as wide.
        """
        n, total, least_n, least_total = self.n, self.total, self.least_n, self.least_total
        risen: int | None = None
        log, log_two = (dependence * math.log(sides / confidence) for sides in (1, 2))
        for position, error in enumerate(errors):
            n, total = n + 1, total + error
            bound = total / n + math.sqrt(log / (2 * n))
            if least_n == 0 or bound <= least_total / least_n + math.sqrt(log / (2 * least_n)):
                least_n, least_total = n, total
            elif total / n - least_total / least_n >= math.sqrt((n - least_n) / (least_n * n) / 2 * log_two):
                risen = position if risen is None else risen
                n = least_n = 0
                total = least_total = 0.0
        return type(self)(n, total, least_n, least_total), risen

    def as_json(self) -> dict[str, float]:
        return asdict(self)


def dependence(errors: Sequence[float]) -> float:
    """How many errors in a row tell of their mean as much as one that is independent of the others, ≥ 1.

    The largest b · Var(means of blocks of b) / Var(errors) over b = 10, 20, 40, … for which there are ten blocks, 1 for
    independent errors but for chance. Without unit; `errors` in their order, shape (n,). 1 for fewer than a hundred, or
    where all are alike. Source: the method of batch means, Conway (1963), Manag. Sci. 10(1).
    """
    given = np.asarray(errors, dtype=np.float64)
    variance = given.var() if given.size else 0.0
    largest, length = 1.0, 10
    while variance > 0 and length * 10 <= given.size:
        means = given[: given.size // length * length].reshape(-1, length).mean(axis=1)
        largest = max(largest, length * float(means.var(ddof=1)) / variance)
        length *= 2
    return largest
