"""What the wall clock of the household says at a moment given in epoch seconds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iotsphere.simulator.noise import Floats


@dataclass(frozen=True, slots=True)
class LocalTime:
    """`day` counts days since 1970-01-01, `weekday` is 0 on Monday, `hour` runs from 0 to 24."""

    day: NDArray[np.int64]
    weekday: NDArray[np.int64]
    day_of_year: NDArray[np.int64]
    hour: Floats

    @property
    def is_weekend(self) -> NDArray[np.bool_]:
        return self.weekday >= 5


def local_time(seconds: ArrayLike, zone: ZoneInfo) -> LocalTime:
    local = np.asarray(seconds, dtype=np.float64) + utc_offset(seconds, zone)
    day = np.floor(local / 86_400).astype(np.int64)
    date = day.astype("datetime64[D]")
    return LocalTime(
        day=day,
        weekday=(day + 3) % 7,
        day_of_year=(date - date.astype("datetime64[Y]")).astype(np.int64) + 1,
        hour=(local - day * 86_400.0) / 3600,
    )


def utc_offset(seconds: ArrayLike, zone: ZoneInfo) -> Floats:
    """Seconds the zone is ahead of UTC. Looked up once per half hour: no zone changes its clock in between."""
    half_hours, positions = np.unique(np.floor(np.asarray(seconds, dtype=np.float64) / 1800), return_inverse=True)
    offsets = [_offset_at(start * 1800, zone) for start in half_hours.tolist()]
    return np.asarray(offsets, dtype=np.float64)[positions].reshape(np.shape(seconds))


def _offset_at(seconds: float, zone: ZoneInfo) -> float:
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset()
    return offset.total_seconds() if offset else 0.0
