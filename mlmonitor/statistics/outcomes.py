"""What is known of how good some predictions were: sums that add up, in JSON as they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np

from mlmonitor.statistics.arrays import Floats
from mlmonitor.statistics.estimate import Expected
from mlmonitor.statistics.performance import Confusion, Errors, Interval, Scores, as_json, from_json


class Row(NamedTuple):
    """A prediction beside its outcome; None where there is none. Classes are texts, numbers numbers."""

    predicted: str | float
    actual: str | float | None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Of any number of predictions. `expected` is of all with a score, the rest of those whose outcome is known.

    `expected_hits` are the hits among those with both, and `expected_known` what was expected of them.
    """

    predicted: int = 0
    labelled: int = 0
    confusion: Confusion = field(default_factory=Confusion)
    scores: Scores = field(default_factory=Scores)
    errors: Errors = field(default_factory=Errors)
    expected: Expected = field(default_factory=Expected)
    expected_known: Expected = field(default_factory=Expected)
    expected_hits: int = 0

    @classmethod
    def of(cls, rows: Sequence[Row], *, positive: str = "") -> Self:
        """`positive` names the class whose probability a score is; without one scores say nothing."""
        known = [row for row in rows if row.actual is not None]
        if rows and not isinstance(rows[0].predicted, str):
            predicted, actual = (_numbers(known, name) for name in ("predicted", "actual"))
            return cls(len(rows), len(known), errors=Errors.of(predicted, actual))
        counts: dict[tuple[str, str], int] = {}
        for row in known:
            pair = (str(row.actual), str(row.predicted))
            counts[pair] = counts.get(pair, 0) + 1
        found = cls(len(rows), len(known), Confusion(counts))
        scored = [row for row in rows if row.score is not None] if positive else []
        both = [row for row in scored if row.actual is not None]
        if not scored:
            return found
        return replace(
            found,
            scores=Scores.of(_numbers(both, "score"), [row.actual == positive for row in both]),
            expected=_expected(scored, positive),
            expected_known=_expected(both, positive),
            expected_hits=sum(row.actual == row.predicted for row in both),
        )

    def __add__(self, other: "Outcomes") -> "Outcomes":
        return Outcomes(
            self.predicted + other.predicted,
            self.labelled + other.labelled,
            self.confusion + other.confusion,
            self.scores + other.scores,
            self.errors + other.errors,
            self.expected + other.expected,
            self.expected_known + other.expected_known,
            self.expected_hits + other.expected_hits,
        )

    @property
    def coverage(self) -> float:
        """The share of predictions whose outcome is known, in [0, 1]."""
        return self.labelled / self.predicted if self.predicted else 0.0

    def figure(self, name: str, averaging: str = "macro", positive: str = "") -> float | None:
        """One of FIGURES; None where it is not defined."""
        if name in {"precision", "recall", "f1"}:
            return self.confusion.averaged(name, averaging, positive)
        if name in {"auc", "log_loss"}:
            return getattr(self.scores, name)
        return self.confusion.accuracy if name == "accuracy" else getattr(self.errors, name)

    def interval(self, name: str, averaging: str = "macro", positive: str = "") -> Interval | None:
        if name == "mae":
            return self.errors.mae_interval()
        if name in {"accuracy", "precision", "recall", "f1"}:
            return self.confusion.interval(name, averaging, positive)
        return None

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"predicted": self.predicted, "labelled": self.labelled}
        if self.confusion.counts:
            said["confusion"] = as_json(self.confusion)
        if self.errors.n:
            said["errors"] = asdict(self.errors)
        if self.scores.n:
            said["scores"] = asdict(self.scores)
        if self.expected.n:
            said |= {
                "expected": asdict(self.expected),
                "expected_known": asdict(self.expected_known),
                "expected_hits": self.expected_hits,
            }
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        scores = said.get("scores")
        return cls(
            said.get("predicted", 0),
            said.get("labelled", 0),
            from_json(said.get("confusion", [])),
            Scores(tuple(scores["positive"]), tuple(scores["negative"]), scores["log_loss_sum"])
            if scores
            else Scores(),
            Errors(**said.get("errors", {})),
            Expected(**said.get("expected", {})),
            Expected(**said.get("expected_known", {})),
            said.get("expected_hits", 0),
        )


OF_CLASSES = ("accuracy", "precision", "recall", "f1", "auc", "log_loss")
OF_NUMBERS = ("mae", "rmse", "r2", "mape", "bias")


def _expected(rows: Sequence[Row], positive: str) -> Expected:
    return Expected.of(_numbers(rows, "score"), [row.predicted == positive for row in rows])


def _numbers(rows: Sequence[Row], name: str) -> Floats:
    return np.array([getattr(row, name) for row in rows], dtype=np.float64)
