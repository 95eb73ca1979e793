"""When people draw hot water: mornings and evenings, later on weekends, not at all while they are away."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iotsphere.simulator.clock import local_time, utc_offset
from iotsphere.simulator.noise import Floats, Noise

DAY = 86_400.0

Interval = tuple[float, float]
"""From (inclusive) and to (exclusive), epoch seconds."""


@dataclass(frozen=True, slots=True)
class Habit:
    """One reason to open a tap. Peaks are (hour, spread in hours, share), for weekdays and for weekends."""

    per_person_and_day: float
    litres_per_minute: float
    minutes: tuple[float, float]
    weekday: tuple[tuple[float, float, float], ...]
    weekend: tuple[tuple[float, float, float], ...]


HABITS = {
    "shower": Habit(
        per_person_and_day=0.75,
        litres_per_minute=4.5,
        minutes=(5, 9),
        weekday=((6.7, 0.5, 0.7), (21, 0.9, 0.3)),
        weekend=((9.2, 1.0, 0.6), (20, 1.5, 0.4)),
    ),
    "bath": Habit(
        per_person_and_day=0.06,
        litres_per_minute=8.0,
        minutes=(8, 11),
        weekday=((20, 0.7, 1.0),),
        weekend=((18.5, 1.5, 1.0),),
    ),
    "dishes": Habit(
        per_person_and_day=0.9,
        litres_per_minute=3.5,
        minutes=(1, 3),
        weekday=((7.5, 0.4, 0.3), (19.3, 0.8, 0.7)),
        weekend=((10.5, 0.8, 0.4), (19, 1.5, 0.6)),
    ),
    "hands": Habit(
        per_person_and_day=4.0,
        litres_per_minute=2.5,
        minutes=(0.3, 0.8),
        weekday=((7, 1, 0.35), (19, 2.5, 0.65)),
        weekend=((14, 4, 1.0),),
    ),
}


@dataclass(frozen=True, slots=True)
class Household:
    """People who draw about 36 litres of hot water each a day; three of them lie near tapping profile M of EN 16147."""

    name: str
    people: int
    zone: ZoneInfo
    away: Sequence[Interval] = ()

    def drawn(self, seconds: ArrayLike) -> Floats:
        """Litres drawn since the first moment asked about: a rising line, exact however far apart the moments are."""
        moments = np.asarray(seconds, dtype=np.float64)
        taps = self._taps(moments.min() - DAY, moments.max() + DAY)
        corners = np.concatenate([taps.start, taps.end])
        change = np.concatenate([taps.rate, -taps.rate])
        if not corners.size:
            return np.zeros(moments.shape)
        order = np.argsort(corners, kind="stable")
        # Rounding leaves a trickle of ±1e-18 when all taps are closed; water never runs backwards.
        corners, flow = corners[order], np.maximum(np.cumsum(change[order]), 0.0)
        litres = np.concatenate([[0.0], np.cumsum(np.diff(corners) * flow[:-1])])
        volume = np.interp(moments, corners, litres)
        return volume - volume.min()

    def is_away(self, seconds: ArrayLike) -> NDArray[np.bool_]:
        return within(seconds, self.away)

    def _taps(self, start: float, end: float) -> "Taps":
        first, last = local_time([start, end], self.zone).day
        days = [self._taps_of(int(day)) for day in range(first, last + 1)]
        taps = Taps(*(np.concatenate(column) for column in zip(*days, strict=True)))
        home = ~self.is_away(taps.start)
        return Taps(taps.start[home], taps.end[home], taps.rate[home])

    def _taps_of(self, day: int) -> tuple[Floats, Floats, Floats]:
        chance = np.random.default_rng([Noise(self.name).seed("taps"), day])
        weekend = (day + 3) % 7 >= 5
        starts, durations, rates = [], [], []
        for habit in HABITS.values():
            peaks = np.array(habit.weekend if weekend else habit.weekday)
            times = chance.poisson(habit.per_person_and_day * self.people)
            which = chance.choice(len(peaks), size=times, p=peaks[:, 2])
            hours = np.clip(chance.normal(peaks[which, 0], peaks[which, 1]), 0, 23.8)
            starts.append(hours * 3600)
            durations.append(60 * chance.uniform(*habit.minutes, size=times))
            # Litres per second: everything here counts seconds.
            rates.append(habit.litres_per_minute / 60 * chance.uniform(0.85, 1.15, size=times))
        midnight = day * DAY - float(utc_offset(day * DAY, self.zone))
        start = midnight + np.concatenate(starts)
        return start, start + np.concatenate(durations), np.concatenate(rates)


@dataclass(frozen=True, slots=True)
class Taps:
    """Open taps: from, to (epoch seconds) and how much runs (litres per second)."""

    start: Floats
    end: Floats
    rate: Floats


def within(seconds: ArrayLike, intervals: Sequence[Interval]) -> NDArray[np.bool_]:
    moments = np.asarray(seconds, dtype=np.float64)
    inside = np.zeros(moments.shape, dtype=np.bool_)
    for start, end in intervals:
        inside |= (moments >= start) & (moments < end)
    return inside
