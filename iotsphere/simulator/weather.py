"""The air outside, the humidity it brings, and the cold water in the pipes."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike

from iotsphere.simulator.clock import local_time
from iotsphere.simulator.noise import Floats, Noise

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Climate:
    """A temperate place. The year's warmest day is about 20 July, the day's warmest hour three in the afternoon."""

    zone: ZoneInfo
    mean: float = 10.5
    seasonal_swing: float = 9.5
    daily_swing: float = 4.5
    name: str = "climate"

    def temperature(self, seconds: ArrayLike) -> Floats:
        """Outdoor air temperature: season + day and night (damped under cloud) + fronts that pass in days."""
        noise, clock = Noise(self.name), local_time(seconds, self.zone)
        clear_sky = 0.65 + 0.35 * noise.drift("cloud", seconds, 1.3 * DAY)
        fronts = 4.0 * noise.drift("front", seconds, 4.0 * DAY) + 1.2 * noise.drift("air", seconds, 0.4 * DAY)
        return self._season(clock.day_of_year) + fronts + self.daily_swing * clear_sky * _peak_at(clock.hour, 15)

    def dew_point(self, seconds: ArrayLike) -> Floats:
        """Moisture changes with the air mass, not with the hour: relative humidity falls as the day warms."""
        noise, clock = Noise(self.name), local_time(seconds, self.zone)
        air_mass = 3.0 * noise.drift("front", seconds, 4.0 * DAY) + 1.5 * noise.drift("moisture", seconds, DAY)
        return 0.9 * self._season(clock.day_of_year) - 4.0 + air_mass

    def sunshine(self, seconds: ArrayLike) -> Floats:
        """0 (night, overcast) to 1 (clear noon)."""
        noise, clock = Noise(self.name), local_time(seconds, self.zone)
        clear_sky = 0.65 + 0.35 * noise.drift("cloud", seconds, 1.3 * DAY)
        half_day = 6.0 + 2.0 * np.cos(2 * np.pi * (clock.day_of_year - 172) / 365.25)
        height = np.cos(np.pi / 2 * np.clip((clock.hour - 13) / half_day, -1, 1))
        return clear_sky * height

    def mains_water(self, seconds: ArrayLike) -> Floats:
        """Cold inlet temperature: the year's sinusoid, damped and late in the ground.

        Burch & Christensen, Towards Development of an Algorithm for Mains Water Temperature (NREL, 2007):
        about 6 °F above the yearly mean of the air, an amplitude of 0.4 + 0.01 (mean - 44 °F) of the air's
        and a lag of 35 - (mean - 44 °F) days.
        """
        warmer_than_44_f = self.mean * 9 / 5 + 32 - 44
        ratio, lag = 0.4 + 0.01 * warmer_than_44_f, 35 - warmer_than_44_f
        day_of_year = local_time(seconds, self.zone).day_of_year
        angle = np.deg2rad(0.986 * (day_of_year - 15 - lag) - 90)
        return self.mean + 6 * 5 / 9 + ratio * self.seasonal_swing * np.sin(angle)

    def _season(self, day_of_year: ArrayLike) -> Floats:
        return self.mean + self.seasonal_swing * np.cos(2 * np.pi * (np.asarray(day_of_year) - 201) / 365.25)


def relative_humidity(temperature: ArrayLike, dew_point: ArrayLike) -> Floats:
    """Percent, 1 to 100: vapour pressure at the dew point over that at saturation.

    Magnus formula with the coefficients of Alduchov & Eskridge (1996), good to 0.4 % from -40 to 50 °C.
    """
    temperature = np.asarray(temperature, dtype=np.float64)
    dew_point = np.asarray(dew_point, dtype=np.float64)
    exponent = 17.625 * (dew_point / (243.04 + dew_point) - temperature / (243.04 + temperature))
    return np.clip(100 * np.exp(exponent), 1.0, 100.0)


def _peak_at(hour: Floats, peak: float) -> Floats:
    return np.cos(2 * np.pi * (hour - peak) / 24)
