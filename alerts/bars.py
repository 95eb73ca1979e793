"""Counts as bars of a chart that a template draws."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

NAMED = 12


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    count: int
    share: float  # of the highest, in percent
    is_named: bool  # of many, every few are


def bars(counts: Iterable[tuple[str, int]]) -> Sequence[Bar]:
    pairs = list(counts)
    highest = max((count for _, count in pairs), default=0) or 1
    step = ceil(len(pairs) / NAMED)
    return [
        Bar(label, count, round(100 * count / highest, 1), number % step == 0)
        for number, (label, count) in enumerate(pairs)
    ]
