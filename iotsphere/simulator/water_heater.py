"""A connected water heater: a tank, a household that uses it and the controller that reports both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iotsphere.simulator.clock import local_time
from iotsphere.simulator.columns import Columns, Value
from iotsphere.simulator.household import Household, Interval, within
from iotsphere.simulator.noise import Floats, Noise
from iotsphere.simulator.obedience import Unable
from iotsphere.simulator.tank import Surroundings, Tank, TankState, step
from iotsphere.simulator.weather import Climate

LONGEST_STEP = 60.0
"""Seconds the thermostat may be late: 0.2 K of overshoot with 2 kW in 150 litres."""

# Mode → set-point in the morning (5 to 9), in the evening (16:30 to 22:30) and at other times.
SET_POINTS = {
    "standard": (60.0, 58.0, 50.0),
    "eco": (54.0, 52.0, 45.0),
    "boost": (65.0, 65.0, 65.0),
    "vacation": (30.0, 30.0, 30.0),
    "off": (5.0, 5.0, 5.0),  # so that nothing freezes
}
NOT_BY_HAND = ("boost", "off")
"""Modes that heat to a temperature of their own, whatever target somebody has set."""


def target_temperature(mode: NDArray[np.str_], hour: Floats) -> Floats:
    """The schedule's set-point, °C."""
    morning, evening = (hour >= 5) & (hour < 9), (hour >= 16.5) & (hour < 22.5)
    target = np.zeros(hour.shape)
    for name, points in SET_POINTS.items():
        target = np.where(mode == name, np.select([morning, evening], points[:2], points[2]), target)
    return target


@dataclass(frozen=True, slots=True)
class Boost:
    """A weekly hour of extra heat: guests on Saturday, 65 °C against legionella on Sunday night."""

    weekday: int
    hours: tuple[float, float]


@dataclass(slots=True)
class WaterHeater:
    """Advances from `state` at `moment`; what it knows of the future is only its `faults` and its household's plans."""

    name: str
    moment: float
    state: TankState
    household: Household
    climate: Climate
    tank: Tank = field(default_factory=Tank)
    usual_mode: str = "standard"
    boosts: Sequence[Boost] = ()
    faults: Sequence[Interval] = ()
    room: float = 19.0
    mains_pressure: float = 3.2
    set_mode: str | None = None
    """What somebody has set; without it the mode follows the household."""
    set_target: float | None = None
    """°C that somebody has set; without it the target follows the mode and the hour."""
    boosted_until: float = 0.0

    def advance(self, moments: ArrayLike) -> Columns:
        """Live on to each of the rising moments and say what the controller reports there."""
        reports = np.maximum(np.asarray(moments, dtype=np.float64), self.moment)
        grid, reported = _grid(self.moment, reports)
        mode = self._mode(grid[1:])
        target = target_temperature(mode, local_time(grid[1:], self.climate.zone).hour)
        if self.set_target is not None:
            target = np.where(np.isin(mode, NOT_BY_HAND), target, self.set_target)
        works = ~within(grid[1:], self.faults)
        litres = self.household.drawn(grid)
        flow = _per_second(litres, grid)
        states = self._run(np.diff(grid), flow, target, works, grid[1:])
        self.moment, self.state = float(grid[-1]), states[-1]

        states = [states[i] for i in reported]
        temperature = np.array([state.temperature for state in states])
        heating = np.array([state.heating for state in states])
        # A flow meter counts pulses: what it reports is the mean since its last report.
        since = np.concatenate([[0], reported + 1])
        flow_rate = 60 * _per_second(litres[since], grid[since])
        noise = Noise(self.name)
        return {
            "temperature": np.round(temperature + 0.04 * noise.white("temperature", reports), 1),
            "target_temperature": target[reported],
            "pressure": np.round(self._pressure(reports, 60 * flow[reported], temperature), 2),
            "flow_rate": np.round(flow_rate, 2),
            "energy": np.round([state.energy for state in states], 3),
            "anode": np.round([self.tank.anode(state.energy) for state in states], 1),
            "mode": mode[reported],
            "status": np.select(
                [~works[reported], flow[reported] > 0.005, heating, mode[reported] == "off"],
                ["fault", "draw-off", "heating", "off"],
                "standby",
            ),
        }

    def resume(self, moment: float, reported: Mapping[str, Value]) -> None:
        """Take up the state that was last reported; what happened since is lived through by the next advance."""
        self.moment = moment
        self.state = TankState(
            temperature=float(reported.get("temperature", self.state.temperature)),
            energy=float(reported.get("energy", self.state.energy)),
            heating=reported.get("status") == "heating",
        )

    def settings(self) -> dict[str, Any]:
        mode = self._mode(np.array([self.moment]))
        hour = local_time(np.array([self.moment]), self.climate.zone).hour
        target = float(target_temperature(mode, hour)[0]) if self.set_target is None else self.set_target
        return {"mode": self.set_mode or mode[0].item(), "target_temperature": target}

    def set(self, desired: dict[str, Any]) -> None:
        mode, target = desired.get("mode"), desired.get("target_temperature")
        self.set_mode = mode if mode in SET_POINTS else None
        self.set_target = None if target is None else float(target)

    def do(self, name: str, params: Mapping[str, Any], moment: float) -> dict[str, Any]:
        if name == "boost":
            if self.set_mode == "off":
                raise Unable("It is switched off.")
            self.boosted_until = moment + 60 * float(params["minutes"])
            return {"until": datetime.fromtimestamp(self.boosted_until, UTC).isoformat(timespec="seconds")}
        if name in {"identify", "reboot"}:
            return {}
        raise Unable(f"It does not know how to {name}.")

    def _run(
        self, lengths: Floats, flow: Floats, target: Floats, works: NDArray[np.bool_], moments: Floats
    ) -> list[TankState]:
        inlet = self.climate.mains_water(moments).tolist()
        conditions = zip(lengths.tolist(), flow.tolist(), inlet, target.tolist(), works.tolist(), strict=True)
        state, states = self.state, []
        for seconds, litres_per_second, cold, aim, fine in conditions:
            state = step(self.tank, state, Surroundings(litres_per_second, cold, self.room, aim, fine), seconds)
            states.append(state)
        return states

    def _mode(self, moments: Floats) -> NDArray[np.str_]:
        clock = local_time(moments, self.climate.zone)
        boosted = np.zeros(moments.shape, dtype=np.bool_)
        for boost in self.boosts:
            start, end = boost.hours
            boosted |= (clock.weekday == boost.weekday) & (clock.hour >= start) & (clock.hour < end)
        usual = np.select([self.household.is_away(moments), boosted], ["vacation", "boost"], self.usual_mode)
        mode = usual if self.set_mode is None else np.full(moments.shape, self.set_mode)
        return np.where((moments < self.boosted_until) & (mode != "off"), "boost", mode)

    def _pressure(self, moments: Floats, litres_per_minute: Floats, temperature: Floats) -> Floats:
        """Bar at the inlet: the street's pressure (lower when everyone draws), less friction, which grows with
        the square of the flow, plus what warm water in a closed tank adds. The relief valve opens at 6 bar.
        """
        noise, hour = Noise(self.name), local_time(moments, self.climate.zone).hour
        rush = np.exp(-(((hour - 7) / 1.2) ** 2)) + np.exp(-(((hour - 19.5) / 1.8) ** 2))
        street = self.mains_pressure - 0.25 * rush + 0.1 * noise.drift("street", moments, 5400)
        expansion = np.where(litres_per_minute > 0.3, 0.0, 0.012 * (temperature - 45))
        friction = 0.006 * litres_per_minute**2
        return np.clip(street - friction + expansion + 0.008 * noise.white("pressure", moments), 0.2, 6.0)


def _per_second(counter: Floats, moments: Floats) -> Floats:
    """What a counter gains a second from each moment to the next; 0 where no time passes."""
    lengths = np.diff(moments)
    return np.divide(np.diff(counter), lengths, out=np.zeros_like(lengths), where=lengths > 0)


def _grid(start: float, reports: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Moments from `start` through every report, at most LONGEST_STEP apart, and the steps that end at a report."""
    edges = np.concatenate([[start], np.maximum.accumulate(reports)])
    counts = np.maximum(1, np.ceil(np.diff(edges) / LONGEST_STEP)).astype(np.intp)
    ends = np.cumsum(counts)
    position = np.arange(1, ends[-1] + 1) - np.repeat(ends - counts, counts)
    between = np.repeat(edges[:-1], counts) + np.repeat(np.diff(edges) / counts, counts) * position
    return np.concatenate([[start], between]), ends - 1
