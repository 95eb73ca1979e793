"""An ESP32 with a temperature and humidity sensor, on a lithium cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from iotsphere.simulator.clock import local_time
from iotsphere.simulator.columns import Columns, Value
from iotsphere.simulator.noise import Floats, Noise
from iotsphere.simulator.obedience import Unable
from iotsphere.simulator.weather import DAY, Climate, relative_humidity

# Resting voltage of a lithium-ion cell by state of charge: steep at both ends, flat between (typical 18650 at 25 °C).
CHARGE = np.array([0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0])
VOLTS = np.array([3.20, 3.45, 3.55, 3.65, 3.72, 3.79, 3.88, 3.99, 4.08, 4.20])
EMPTY = 0.03
"""State of charge at which somebody comes with a fresh cell."""


def cell_voltage(charge: ArrayLike) -> Floats:
    """V of a cell charged to a share between 0 and 1."""
    return np.interp(np.asarray(charge, dtype=np.float64), CHARGE, VOLTS)


def charge_of(voltage: ArrayLike) -> Floats:
    """Share between 0 and 1 at which a cell has this voltage."""
    return np.interp(np.asarray(voltage, dtype=np.float64), VOLTS, CHARGE)


@dataclass(frozen=True, slots=True)
class Place:
    """How a place answers to the weather outside."""

    temperature: float
    """Yearly mean, °C."""
    openness: float
    """Share of the outdoor swings that arrives: 1 outdoors, 0.1 in a cellar."""
    lag: float = 0.0
    """Seconds by which they arrive late."""
    sun: float = 0.0
    """K gained behind glass at a clear noon."""
    moisture: float = 0.0
    """K by which the dew point lies above the outdoor one."""


@dataclass(slots=True)
class EnvironmentSensor:
    """Advances from `charge` at `moment`; the air it measures depends on the moment alone."""

    name: str
    moment: float
    charge: float
    climate: Climate
    place: Place
    days_on_a_charge: float = 45.0
    noise: float = 0.06
    """Standard deviation of the temperature reading, K."""
    outliers: float = 0.0
    """Share of readings spoiled by a loose contact."""
    solar: bool = False
    led: bool = True

    def advance(self, moments: ArrayLike) -> Columns:
        times = np.asarray(moments, dtype=np.float64)
        noise = Noise(self.name)
        air = self.temperature(times)
        dew_point = self.climate.dew_point(times) + self.place.moisture
        measured = air + self.noise * noise.white("temperature", times) + self._outliers(times)
        humidity = relative_humidity(air, dew_point) + 5 * self.noise * noise.white("humidity", times)
        charge = self._charge(times)
        # A cold cell has a higher inner resistance: about 1 mV a kelvin under the radio's load.
        voltage = cell_voltage(charge) + 0.001 * (air - 20) + 0.004 * noise.white("battery", times)
        self.moment, self.charge = float(times[-1]), float(charge[-1])
        return {
            "temperature": np.round(measured, 1),
            "humidity": np.round(np.clip(humidity, 1, 100), 1),
            "battery": np.round(np.clip(voltage, 2.8, 4.25), 2),
        }

    def resume(self, moment: float, reported: Mapping[str, Value]) -> None:
        if "battery" in reported:
            air = float(self.temperature(moment))
            self.charge = float(charge_of(float(reported["battery"]) - 0.001 * (air - 20)))
        self.moment = moment

    def settings(self) -> dict[str, Any]:
        return {"led": self.led}

    def set(self, desired: dict[str, Any]) -> None:
        self.led = bool(desired.get("led", self.led))

    def do(self, name: str, params: Mapping[str, Any], moment: float) -> dict[str, Any]:
        if name in {"identify", "reboot", "set_interval"}:  # who plays the device minds the interval
            return dict(params)
        raise Unable(f"It does not know how to {name}.")

    def temperature(self, moments: ArrayLike) -> Floats:
        """The air at the sensor: its place's mean, what arrives of the weather, and the sun."""
        late = np.asarray(moments, dtype=np.float64) - self.place.lag
        swing = self.place.openness * (self.climate.temperature(late) - self.climate.mean)
        return self.place.temperature + swing + self.place.sun * self.climate.sunshine(late)

    def _charge(self, moments: Floats) -> Floats:
        if self.solar:
            # Full by four in the afternoon, the night costs an eighth.
            hour = local_time(moments, self.climate.zone).hour
            return (
                0.86
                + 0.06 * np.cos(2 * np.pi * (hour - 16) / 24)
                + 0.05 * Noise(self.name).drift("sun", moments, 3 * DAY)
            )
        used = 1 - self.charge + (moments - self.moment) / (self.days_on_a_charge * DAY)
        return 1 - np.mod(used, 1 - EMPTY)

    def _outliers(self, moments: Floats) -> Floats:
        noise = Noise(self.name)
        spoiled = noise.uniform("contact", np.round(moments).astype(np.int64)) < self.outliers
        return np.where(spoiled, 6 * noise.white("spike", moments), 0.0)
