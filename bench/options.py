from argparse import Namespace
from collections.abc import Sequence


class Options(Namespace):
    """What was asked for on the command line."""

    names: Sequence[str]
    quick: bool = False
    rows: int | None = None
    minutes: float | None = None

    def size(self, usual: int, quick: int) -> int:
        return quick if self.quick else usual


options = Options()
