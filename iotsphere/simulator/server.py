"""A small server's past: office hours, a nightly backup, a leak that a weekly restart cures, a disk that fills.

Only history comes from here; live values are measured by the agent. `ends_with` bends the slow series to what
the agent measures now, so that the two join.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iotsphere.simulator.clock import local_time
from iotsphere.simulator.columns import Columns
from iotsphere.simulator.noise import Floats, Noise
from iotsphere.simulator.weather import DAY

BACKUP_AT = 2.5
RESTART_AT = (6, 4.0)
"""Sunday, four in the morning."""


@dataclass(frozen=True, slots=True)
class Server:
    """All that the agent reports: percentages, runnable processes, bytes per second, seconds, names of processes."""

    name: str
    zone: ZoneInfo
    cores: int = 2
    ends_with: Mapping[str, float] = field(default_factory=dict)

    def advance(self, moments: ArrayLike) -> Columns:
        times = np.asarray(moments, dtype=np.float64)
        noise, clock = Noise(self.name), local_time(times, self.zone)
        office = np.exp(-(((clock.hour - 14) / 4.2) ** 4)) * np.where(clock.is_weekend, 0.25, 1.0)
        backup = _bump(clock.hour, BACKUP_AT, 0.35)
        bursts = np.clip(noise.drift("burst", times, 900), 0.55, 1) - 0.55
        cpu = 6 + 24 * office + 38 * backup + 60 * bursts * (0.3 + office) + 1.5 * noise.white("cpu", times)
        cpu = np.clip(cpu + 3 * noise.drift("cpu", times, 3600), 0.5, 100)
        since_restart = self._since_restart(times)
        memory = 38 + 9 * office + 14 * since_restart / (7 * DAY) + 1.5 * noise.drift("memory", times, 7200)
        # The backup fills a scratch folder; logs add about 0.12 points a day.
        disk = 55 + 0.12 * (times - times[-1]) / DAY + 1.5 * backup + 0.05 * noise.drift("disk", times, 5400)
        traffic = 4e3 + 9e5 * office * (0.4 + bursts) + 5e3 * np.abs(noise.white("network", times))
        memory = _percent(memory * (self.ends_with.get("memory", memory[-1]) / memory[-1]))
        programs = {"postgres": 2 + 14 * office, "python3": 3 + 8 * office, "nginx": 0.5 + 2 * office}
        return {
            "cpu": np.round(cpu, 1),
            "memory": memory,
            "disk": _percent(disk + self.ends_with.get("disk", disk[-1]) - disk[-1]),
            "load": np.round(self.cores * cpu / 100 * (1 + 0.15 * np.abs(noise.white("load", times))), 2),
            "network_in": np.round(traffic),
            "network_out": np.round(0.4 * traffic + 6e6 * backup),
            "uptime": np.round(since_restart),
            "top_cpu": _named(cpu, {**programs, "restic": 38 * backup}),
            "top_memory": _named(memory, {**programs, "python3": 9 + 14 * since_restart / (7 * DAY)}),
            "agent.dropped": np.zeros_like(times),
        }

    def _since_restart(self, times: Floats) -> Floats:
        """Seconds since the last weekly restart, or since the start that the agent's uptime tells of."""
        weekday, hour = RESTART_AT
        clock = local_time(times, self.zone)
        elapsed = ((clock.weekday - weekday) * 24 + clock.hour - hour) * 3600
        since = np.mod(elapsed, 7 * DAY)
        if "uptime" in self.ends_with:
            booted = times[-1] - self.ends_with["uptime"]
            since = np.where(times >= booted, times - booted, since)
        return since


def _named(total: Floats, parts: Mapping[str, Floats]) -> NDArray[np.str_]:
    """Which programs share `total` percent in these proportions, in the agent's words."""
    names = np.array(list(parts))
    shares = np.stack(list(parts.values())) * (total / sum(parts.values()))
    order = np.argsort(-shares, axis=0, kind="stable")
    return np.array(
        [
            ", ".join(f"{names[part]} {row[part]:.1f} %" for part in ranks if row[part] >= 0.1)
            for row, ranks in zip(shares.T, order.T, strict=True)
        ]
    )


def _percent(values: Floats) -> Floats:
    return np.clip(values, 0, 100).round(1)


def _bump(hour: Floats, peak: float, spread: float) -> Floats:
    return np.exp(-(((hour - peak) / spread) ** 2))
