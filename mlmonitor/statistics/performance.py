"""How good predictions were, from sums that add up over any range of time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from mlmonitor.statistics.tails import normal_limit

SCORE_BINS = 100
MOST_RELATIVE = 1e9
DRAWN = 400
"""Tables of a bootstrap."""


class Interval(NamedTuple):
    low: float
    high: float


def wilson(hits: float, n: float, confidence: float = 0.95) -> Interval:
    """Wilson's interval of a share, in [0, 1]: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n). No rows: (0, 1).

    Source: Wilson (1927), J. Am. Stat. Assoc. 22, 209–212.
    """
    if n <= 0:
        return Interval(0.0, 1.0)
    z, p = normal_limit(confidence), hits / n
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(max(0.0, p * (1 - p) / n + z * z / (4 * n * n)))
    scale = 1 + z * z / n
    return Interval(max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often (actual, predicted) came together, by class names. Adds up exactly.

    Figures are in [0, 1]; 0/0 is None, "not defined". They agree with scikit-learn's with zero_division=0, where None
    is read as 0. Source: van Rijsbergen (1979), Information Retrieval, ch. 7.
    """

    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def __add__(self, other: "Confusion") -> "Confusion":
        pairs = {*self.counts, *other.counts}
        return Confusion({pair: self.counts.get(pair, 0) + other.counts.get(pair, 0) for pair in pairs})

    @property
    def n(self) -> int:
        return sum(self.counts.values())

    @property
    def classes(self) -> list[str]:
        return sorted({name for pair in self.counts for name in pair})

    @property
    def hits(self) -> int:
        return sum(count for (actual, predicted), count in self.counts.items() if actual == predicted)

    @property
    def accuracy(self) -> float | None:
        return _ratio(self.hits, self.n)

    def support(self, name: str) -> int:
        return sum(count for (actual, _), count in self.counts.items() if actual == name)

    def predicted(self, name: str) -> int:
        return sum(count for (_, predicted), count in self.counts.items() if predicted == name)

    def precision(self, name: str) -> float | None:
        return _ratio(self.counts.get((name, name), 0), self.predicted(name))

    def recall(self, name: str) -> float | None:
        return _ratio(self.counts.get((name, name), 0), self.support(name))

    def f1(self, name: str) -> float | None:
        """2 TP / (2 TP + FP + FN)."""
        return _ratio(2 * self.counts.get((name, name), 0), self.support(name) + self.predicted(name))

    def averaged(self, figure: str, averaging: str, positive: str = "") -> float | None:
        """precision, recall or f1: of the positive class (binary), the classes' mean (macro) or by support (weighted).

        In a mean, what is not defined counts as 0.
        """
        of_class = getattr(self, figure)
        if averaging == "binary":
            return None if self.n == 0 else of_class(positive)
        if self.n == 0:
            return None
        weights = {name: self.support(name) if averaging == "weighted" else 1 for name in self.classes}
        return _ratio(sum((of_class(name) or 0.0) * weight for name, weight in weights.items()), sum(weights.values()))

    def interval(self, figure: str, averaging: str, positive: str = "", confidence: float = 0.95) -> Interval | None:
        """Of the accuracy, precision, recall or F1, averaged like the figure; None where that is not defined.

        Wilson's where it is a share of rows. F1 = 2J / (1 + J) rises with J = TP / (TP + FP + FN), which is one. Of
        means of classes by bootstrap: the quantiles of figures of tables with as many rows, drawn from this one.
        """
        if figure == "accuracy":
            return wilson(self.hits, self.n, confidence) if self.n else None
        if averaging != "binary":
            return self._drawn(figure, averaging, confidence) if self.n else None
        hits, said, came = self.counts.get((positive, positive), 0), self.predicted(positive), self.support(positive)
        rows = {"precision": said, "recall": came, "f1": said + came - hits}[figure]
        if not rows:
            return None
        share = wilson(hits, rows, confidence)
        return Interval(*(2 * end / (1 + end) for end in share)) if figure == "f1" else share

    def _drawn(self, figure: str, averaging: str, confidence: float) -> Interval:
        names = np.array(self.classes)
        actual, predicted = (np.array([pair[side] for pair in self.counts])[:, None] == names for side in (0, 1))
        shares = np.array(list(self.counts.values())) / self.n
        drawn = np.random.default_rng(DRAWN).multinomial(self.n, shares, DRAWN)
        hits, came, said = drawn @ (actual & predicted), drawn @ actual, drawn @ predicted
        rows = {"precision": said, "recall": came, "f1": (said + came) / 2}[figure]
        of_class = np.divide(hits, rows, out=np.zeros(hits.shape), where=rows > 0)
        weights = came if averaging == "weighted" else (said + came > 0)
        found = (of_class * weights).sum(axis=1) / weights.sum(axis=1)
        low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
        return Interval(float(low), float(high))


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities of the positive class in 100 equal bins of [0, 1], by outcome, and −Σ ln p of the outcome."""

    positive: tuple[int, ...] = (0,) * SCORE_BINS
    negative: tuple[int, ...] = (0,) * SCORE_BINS
    log_loss_sum: float = 0.0

    @classmethod
    def of(cls, scores: ArrayLike, is_positive: ArrayLike) -> Self:
        """Of shape (n,) each. Scores are cut to [0, 1]; for the log loss to [1e-15, 1 − 1e-15]."""
        p = np.clip(np.asarray(scores, dtype=np.float64), 0.0, 1.0)
        hit = np.asarray(is_positive, dtype=bool)
        # A score of two decimals is at the beginning of a bin, whatever its binary fraction is.
        place = np.minimum((p * SCORE_BINS + 1e-9).astype(int), SCORE_BINS - 1)
        given = np.clip(np.where(hit, p, 1 - p), 1e-15, 1 - 1e-15)
        return cls(
            tuple(np.bincount(place[hit], minlength=SCORE_BINS).tolist()),
            tuple(np.bincount(place[~hit], minlength=SCORE_BINS).tolist()),
            float(-np.log(given).sum()),
        )

    def __add__(self, other: "Scores") -> "Scores":
        return Scores(
            tuple(a + b for a, b in zip(self.positive, other.positive, strict=True)),
            tuple(a + b for a, b in zip(self.negative, other.negative, strict=True)),
            self.log_loss_sum + other.log_loss_sum,
        )

    @property
    def n(self) -> int:
        return sum(self.positive) + sum(self.negative)

    @property
    def log_loss(self) -> float | None:
        """Nats a row, ≥ 0."""
        return self.log_loss_sum / self.n if self.n else None

    @property
    def auc(self) -> float | None:
        """Area under the ROC curve, in [0, 1]: P(score of a positive > of a negative) + ½ P(alike), by bins.

        Mann and Whitney (1947). Exact for scores of two decimals; else within half the share of pairs in one bin. None
        where one of the outcomes never came.
        """
        positives, negatives = np.array(self.positive, dtype=float), np.array(self.negative, dtype=float)
        pairs = positives.sum() * negatives.sum()
        if pairs == 0:
            return None
        below = negatives.cumsum() - negatives
        return float((positives * (below + negatives / 2)).sum() / pairs)


@dataclass(frozen=True, slots=True)
class Errors:
    """Sums over numeric predictions p and outcomes y, e = p − y, in the target's unit. Adds up to rounding."""

    n: int = 0
    error: float = 0.0
    absolute: float = 0.0
    square: float = 0.0
    relative: float = 0.0  # Σ |e / y| where y is not 0, each at most 1e9
    relative_n: int = 0
    outcome_mean: float = 0.0
    outcome_m2: float = 0.0
    absolute_m2: float = 0.0  # Σ (|e| − mean |e|)²

    @classmethod
    def of(cls, predicted: ArrayLike, actual: ArrayLike) -> Self:
        """Of shape (n,) each, finite."""
        p, y = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
        if y.size == 0:
            return cls()
        e = p - y
        size = np.abs(e)
        is_some = y != 0
        with np.errstate(over="ignore"):
            relative = float(np.minimum(size[is_some] / np.abs(y[is_some]), MOST_RELATIVE).sum())
        return cls(
            y.size, float(e.sum()), float(size.sum()), float((e**2).sum()), relative, int(is_some.sum()),
            float(y.mean()), float(((y - y.mean()) ** 2).sum()), float(((size - size.mean()) ** 2).sum()),
        )  # fmt: skip

    def __add__(self, other: "Errors") -> "Errors":
        n = self.n + other.n
        if n == 0:
            return self
        both = self.n * other.n / n
        step = other.outcome_mean - self.outcome_mean
        size_step = (other.absolute / other.n if other.n else 0) - (self.absolute / self.n if self.n else 0)
        return Errors(
            n,
            self.error + other.error,
            self.absolute + other.absolute,
            self.square + other.square,
            self.relative + other.relative,
            self.relative_n + other.relative_n,
            (self.outcome_mean * self.n + other.outcome_mean * other.n) / n,
            self.outcome_m2 + other.outcome_m2 + step**2 * both,
            self.absolute_m2 + other.absolute_m2 + size_step**2 * both,
        )

    @property
    def mae(self) -> float | None:
        """Mean absolute error Σ|e| / n, in the target's unit."""
        return _ratio(self.absolute, self.n)

    @property
    def rmse(self) -> float | None:
        """√(Σ e² / n), in the target's unit."""
        return math.sqrt(self.square / self.n) if self.n else None

    @property
    def r2(self) -> float | None:
        """1 − Σ e² / Σ (y − ȳ)², at most 1; None where all outcomes are alike."""
        return 1 - self.square / self.outcome_m2 if self.n > 1 and self.outcome_m2 > 0 else None

    @property
    def mape(self) -> float | None:
        """Mean |e / y| over outcomes that are not 0, as a share."""
        return _ratio(self.relative, self.relative_n)

    @property
    def bias(self) -> float | None:
        """Mean e, in the target's unit."""
        return _ratio(self.error, self.n)

    def mae_interval(self, confidence: float = 0.95) -> Interval | None:
        """The mean |e| ± z s/√n, by the central limit theorem; None for fewer than two rows."""
        if self.n < 2:
            return None
        mean = self.absolute / self.n
        half = normal_limit(confidence) * math.sqrt(self.absolute_m2 / (self.n - 1) / self.n)
        return Interval(max(0.0, mean - half), mean + half)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def shown(value: float | None) -> float:
    """What an API answers for a figure that is not defined."""
    return 0.0 if value is None else value


def as_json(confusion: Confusion) -> list[Any]:
    """[[actual, predicted, count], …], sorted."""
    return [[actual, predicted, count] for (actual, predicted), count in sorted(confusion.counts.items()) if count]


def from_json(said: list[Any]) -> Confusion:
    return Confusion({(actual, predicted): count for actual, predicted, count in said})
