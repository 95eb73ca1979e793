"""What is remembered of a feature's values: counts in bins that the reference chose, and a few sums.

Profiles of the same bins add up: the profile of two hours is the sum of theirs, exactly in counts, to rounding in
moments.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlmonitor.statistics.arrays import Counts, Floats, Unanswerable

FINE_BINS = 200
MERGED_BINS = 10
HEAVY = 0.01
"""A single value with at least this share of the reference has a bin of its own."""
MOST_CATEGORIES = 100
MOST_KNOWN = 2_000
OTHER = "other"
LARGEST = float(np.finfo(np.float64).max)


def edges_of(reference: ArrayLike) -> list[float]:
    """Where a numeric feature's fine bins begin and end: quantiles of the finite reference rows, rising, no two alike.

    Bin k holds e₍k−1₎ ≤ x < e₍k₎, the outermost are open. A heavy value a has the bin [a, next float after a) for
    itself; the others share up to 200 bins of about equal counts. Raises Unanswerable if there is no finite row.
    """
    rows: Floats = np.asarray(reference, dtype=np.float64)
    rows = rows[np.isfinite(rows)]
    if rows.size == 0:
        raise Unanswerable("The reference has no finite value.")
    values, counts = np.unique(rows, return_counts=True)
    is_heavy = (counts >= HEAVY * rows.size) & (counts > 1)
    atoms = values[is_heavy]
    # After the largest of all floats there is none: its bin is open anyway.
    edges = {float(edge) for atom in atoms for edge in (atom, np.nextafter(atom, LARGEST))}
    light = np.sort(rows[~np.isin(rows, atoms)])
    if light.size:
        wanted = max(2, min(FINE_BINS, light.size))
        edges |= {float(edge) for edge in light[(np.arange(1, wanted) * light.size) // wanted]}
    return sorted(edges)


def bin_of(rows: ArrayLike, edges: ArrayLike) -> NDArray[np.intp]:
    """The number of the bin that each finite row is in."""
    return np.searchsorted(np.asarray(edges, dtype=np.float64), np.asarray(rows, dtype=np.float64), side="right")


@dataclass(frozen=True, slots=True)
class NumericProfile:
    """Counts of shape (edges + 1,), rows (without missing and infinite ones), mean, and M2 = Σ (x − mean)²."""

    counts: Counts
    missing: int = 0
    infinite: int = 0
    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def of(cls, rows: ArrayLike, edges: ArrayLike) -> Self:
        """NaN counts as missing, infinities apart: neither is in a bin."""
        given: Floats = np.asarray(rows, dtype=np.float64).ravel()
        finite = given[np.isfinite(given)]
        missing = int(np.isnan(given).sum())
        counts = np.bincount(bin_of(finite, edges), minlength=np.size(edges) + 1).astype(np.float64)
        infinite = given.size - finite.size - missing
        if finite.size == 0:
            return cls(counts, missing, infinite)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = _bounded((finite / finite.size).sum())
            m2 = _bounded(((finite - mean) ** 2).sum())
        return cls(
            counts, missing, infinite, finite.size, mean, m2, float(finite.min()), float(finite.max())
        )  # fmt: skip

    @property
    def rows(self) -> int:
        return self.n + self.missing + self.infinite

    @property
    def deviation(self) -> float:
        """The standard deviation √(M2 / n), in the feature's unit."""
        return math.sqrt(self.m2 / self.n) if self.n else 0.0

    def __add__(self, other: "NumericProfile") -> "NumericProfile":
        """Of both together. Moments by Chan, Golub and LeVeque (1979). Raises Unanswerable for other bins."""
        if self.counts.shape != other.counts.shape:
            raise Unanswerable("Profiles of different bins do not add up.")
        n = self.n + other.n
        delta = other.mean - self.mean
        return NumericProfile(
            self.counts + other.counts,
            self.missing + other.missing,
            self.infinite + other.infinite,
            n,
            _bounded(self.mean + delta * (other.n / n)) if n else 0.0,
            _bounded(self.m2 + other.m2 + delta * delta * (self.n * other.n / n)) if n else 0.0,
            _known(min, self.minimum, other.minimum),
            _known(max, self.maximum, other.maximum),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "counts": [int(count) for count in self.counts],
            "missing": self.missing,
            "infinite": self.infinite,
            "n": self.n,
            "mean": self.mean,
            "m2": self.m2,
            "min": self.minimum,
            "max": self.maximum,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        return cls(
            np.asarray(said["counts"], dtype=np.float64), said["missing"], said["infinite"], said["n"],
            said["mean"], said["m2"], said["min"], said["max"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class CategoryProfile:
    """Counts by category. What the reference did not have is `unseen`; what it had too rarely to name is OTHER."""

    counts: dict[str, int] = field(default_factory=dict)
    missing: int = 0
    unseen: int = 0

    @classmethod
    def of(cls, values: Iterable[str | None], names: "Categories") -> Self:
        found = Counter(values)
        missing = found.pop(None, 0)
        counts: Counter[str] = Counter()
        unseen = 0
        for value, count in found.items():
            if value in names.named:
                counts[str(value)] += count
            elif value in names.rest or names.is_cut:
                counts[OTHER] += count
            else:
                unseen += count
        return cls(dict(counts), missing, unseen)

    @property
    def n(self) -> int:
        return sum(self.counts.values()) + self.unseen

    @property
    def rows(self) -> int:
        return self.n + self.missing

    def __add__(self, other: "CategoryProfile") -> "CategoryProfile":
        return CategoryProfile(
            dict(Counter(self.counts) + Counter(other.counts)),
            self.missing + other.missing,
            self.unseen + other.unseen,
        )

    def as_json(self) -> dict[str, Any]:
        return {"categories": self.counts, "missing": self.missing, "unseen": self.unseen}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        return cls(dict(said["categories"]), said["missing"], said["unseen"])


@dataclass(frozen=True, slots=True)
class Categories:
    """The categories of a reference: the 100 most frequent by name, and the rest, of which no more than 2,000 are kept.

    When there were more (`is_cut`), a new one cannot be told from a rare one, and counts as OTHER.
    """

    named: frozenset[str]
    rest: frozenset[str] = frozenset()
    is_cut: bool = False

    @classmethod
    def of(cls, values: Iterable[str | None]) -> Self:
        ranked = Counter(value for value in values if value is not None).most_common()
        names = [value for value, _ in ranked]
        rest = names[MOST_CATEGORIES:]
        return cls(frozenset(names[:MOST_CATEGORIES]), frozenset(rest[:MOST_KNOWN]), len(rest) > MOST_KNOWN)


def groups_of(counts: ArrayLike, wanted: int = MERGED_BINS) -> NDArray[np.intp]:
    """The number of the merged bin that each fine bin belongs to, shape of counts: about `wanted`, of equal shares.

    A fine bin belongs where the middle of its share of the reference lies. Numbers rise from 0 without gaps.
    """
    given = np.asarray(counts, dtype=np.float64)
    total = given.sum() or 1.0
    middle = (given.cumsum() - given / 2) / total
    place = np.minimum((middle * wanted).astype(np.intp), wanted - 1)
    return np.unique(place, return_inverse=True)[1]


def merged(counts: ArrayLike, groups: NDArray[np.intp]) -> Counts:
    """The counts summed up by group, shape (groups,)."""
    sums: Counts = np.zeros(int(groups.max()) + 1)
    np.add.at(sums, groups, np.asarray(counts, dtype=np.float64))
    return sums


def spans_of(edges: Iterable[float], groups: NDArray[np.intp]) -> list[tuple[float | None, float | None]]:
    """Where the merged bins begin and end; None: it is open."""
    starts = [None, *edges]
    firsts = [int(np.flatnonzero(groups == group)[0]) for group in range(int(groups.max()) + 1)]
    return [(starts[first], starts[after]) for first, after in pairwise(firsts)] + [(starts[firsts[-1]], None)]


def _bounded(value: float) -> float:
    """The nearest number that is none of the infinities."""
    return float(np.clip(value, -LARGEST, LARGEST)) if value == value else 0.0


def _known(choose: Any, one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return choose(known) if known else None
