"""Performance without outcomes, from the model's own probabilities (CBPE)."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Expected:
    """What the probabilities lead one to expect of the predictions, as sums; adds up.

    A row with probability p of the positive class counts as p of a positive and 1 − p of a negative: Σp over the
    predicted positives is the expected TP. `variance` is Σ p(1 − p), of the number of hits. It holds for calibrated
    probabilities, and while the relation of inputs and outcome is the same. Source: Garg et al. (2022), ICLR; NannyML's
    documentation of confidence-based performance estimation.
    """

    n: int = 0
    true_positive: float = 0.0
    false_positive: float = 0.0
    false_negative: float = 0.0
    true_negative: float = 0.0
    variance: float = 0.0

    @classmethod
    def of(cls, scores: ArrayLike, predicted_positive: ArrayLike) -> Self:
        """Probabilities of the positive class in [0, 1] (else cut to it), and whether it was predicted; shape (n,)."""
        p = np.clip(np.asarray(scores, dtype=np.float64), 0.0, 1.0)
        said = np.asarray(predicted_positive, dtype=bool)
        return cls(
            p.size, float(p[said].sum()), float((1 - p[said]).sum()), float(p[~said].sum()),
            float((1 - p[~said]).sum()), float((p * (1 - p)).sum()),
        )  # fmt: skip

    def __add__(self, other: "Expected") -> "Expected":
        return Expected(
            self.n + other.n,
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
            self.true_negative + other.true_negative,
            self.variance + other.variance,
        )

    @property
    def accuracy(self) -> float | None:
        """(TP + TN) / n, in [0, 1]; None without rows."""
        return (self.true_positive + self.true_negative) / self.n if self.n else None

    @property
    def f1(self) -> float | None:
        """2 TP / (2 TP + FP + FN), of the expected counts."""
        whole = 2 * self.true_positive + self.false_positive + self.false_negative
        return 2 * self.true_positive / whole if whole else None

    @property
    def standard_error(self) -> float:
        """Of the accuracy that is seen, if the estimate is right: √Σp(1−p) / n (Poisson binomial)."""
        return math.sqrt(self.variance) / self.n if self.n else 0.0


def is_worse_than_expected(expected: Expected, hits: float, *, usual_gap: float = 0.0, errors: float = 3.0) -> bool:
    """Whether so many hits are `errors` standard errors fewer than expected, beyond the gap of the baseline."""
    if expected.n == 0 or expected.accuracy is None:
        return False
    gap = expected.accuracy - hits / expected.n - max(0.0, usual_gap)
    return gap > errors * max(expected.standard_error, 0.5 / expected.n)
