"""HDDM_A: whether the mean of a stream of errors has risen, one error at a time."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Self


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

    def then(self, errors: Iterable[float], confidence: float = 0.001) -> tuple[Self, int | None]:
        """The state after these errors, and the position of the first one at which the mean had risen, if any.

        `confidence` δ in (0, 1): the probability of a false alarm at any one comparison.
        """
        n, total, least_n, least_total = self.n, self.total, self.least_n, self.least_total
        risen: int | None = None
        log = math.log(1 / confidence)
        for position, error in enumerate(errors):
            n, total = n + 1, total + error
            bound = total / n + math.sqrt(log / (2 * n))
            if least_n == 0 or bound <= least_total / least_n + math.sqrt(log / (2 * least_n)):
                least_n, least_total = n, total
            elif total / n - least_total / least_n >= math.sqrt(
                (n - least_n) / (least_n * n) / 2 * math.log(2 / confidence)
            ):
                risen = position if risen is None else risen
                n = least_n = 0
                total = least_total = 0.0
        return type(self)(n, total, least_n, least_total), risen

    def as_json(self) -> dict[str, float]:
        return asdict(self)
