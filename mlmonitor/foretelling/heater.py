"""What the days of a water heater say about its health, from five-minute means. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from mlmonitor.models import Measure

BUCKETS_OF_A_DAY = 288
COMPLETE = 0.8
NIGHT = (1, 5)
COOL, WARM = 5.0, 1.0
"""It has to recover from so many K below its target, and has when it is so near."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FiveMinutes:
    """A heater's five-minute buckets in a row, shape (n,) each; NaN where nothing came."""

    times: Floats  # seconds since 1970
    temperature: Floats  # °C, mean
    target: Floats  # °C, last
    flow: Floats  # L/min, mean
    energy: Floats  # kWh used in them


def by_day(buckets: FiveMinutes, zone: tzinfo) -> dict[str, list[tuple[date, float]]]:
    """By measure: the figure of each day that is complete and has one. Days are cut in `zone`."""
    found: dict[str, list[tuple[date, float]]] = {measure: [] for measure in MEASURES}
    local = [datetime.fromtimestamp(moment, zone) for moment in buckets.times.tolist()]
    days = np.array([moment.toordinal() for moment in local])
    hours = np.array([moment.hour for moment in local])
    for ordinal in np.unique(days):
        of_day = days == ordinal
        known = of_day & ~np.isnan(buckets.temperature) & ~np.isnan(buckets.flow) & ~np.isnan(buckets.energy)
        if known.sum() < COMPLETE * BUCKETS_OF_A_DAY:
            continue
        for measure, figure in _figures(buckets, known, hours):
            found[measure].append((date.fromordinal(int(ordinal)), figure))
    return found


def _figures(buckets: FiveMinutes, of_day: NDArray[np.bool_], hours: NDArray[np.int_]) -> Iterable[tuple[str, float]]:
    temperature, flow, energy = buckets.temperature[of_day], buckets.flow[of_day], buckets.energy[of_day]
    night = (hours[of_day] >= NIGHT[0]) & (hours[of_day] < NIGHT[1])
    if night.any():
        yield Measure.NIGHT_FLOW, float(flow[night].min())
    heats = energy > 0
    yield Measure.CYCLES, float(np.count_nonzero(heats[1:] & ~heats[:-1]))
    if recoveries := list(_recoveries(temperature, buckets.target[of_day])):
        yield Measure.RECOVERY, float(np.median(recoveries))
    undisturbed = heats[:-1] & heats[1:] & (flow[:-1] == 0) & (flow[1:] == 0)
    if undisturbed.any():
        rise = np.diff(temperature)[undisturbed]
        yield Measure.HEATING_RATE, float(12 * rise.mean())
        # Between the middles of two buckets, half of what either used.
        yield Measure.EFFICIENCY, float(rise.sum() / ((energy[:-1] + energy[1:])[undisturbed].sum() / 2))


def _recoveries(temperature: Floats, target: Floats) -> Iterable[float]:
    """Minutes from each time it was cool until it was warm again."""
    since = None
    for place, below in enumerate((target - temperature).tolist()):
        if since is None and below >= COOL:
            since = place
        elif since is not None and below <= WARM:
            yield 5.0 * (place - since)
            since = None


MEASURES = (Measure.EFFICIENCY, Measure.NIGHT_FLOW, Measure.CYCLES, Measure.RECOVERY, Measure.HEATING_RATE)
