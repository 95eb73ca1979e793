"""What a device reports at many moments: one array for each key, as long as there are moments."""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import ArrayLike, NDArray

Value = float | str
Columns = dict[str, NDArray[Any]]


class Simulated(Protocol):
    """A device that can live through a past and then go on from where it ended."""

    def advance(self, moments: ArrayLike) -> Columns: ...

    def resume(self, moment: float, reported: Mapping[str, Value]) -> None: ...


def reading(device: Simulated, moment: float) -> dict[str, Value]:
    """What the device reports now."""
    return {key: column[0].item() for key, column in device.advance([moment]).items()}
