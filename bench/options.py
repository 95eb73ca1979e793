from argparse import Namespace
from collections.abc import Sequence
from typing import TypeVar

Number = TypeVar("Number", int, float)


class Options(Namespace):
    """What was asked for on the command line."""

    names: Sequence[str]
    quick: bool = False
    rows: int | None = None
    minutes: float | None = None

    def size(self, usual: Number, quick: Number) -> Number:
        return quick if self.quick else usual


options = Options()
