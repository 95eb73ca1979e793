"""Devices for the tests of this folder, all in one household and climate."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from iotsphere.simulator.environment_sensor import EnvironmentSensor, Place
from iotsphere.simulator.household import Household, Interval
from iotsphere.simulator.tank import TankState
from iotsphere.simulator.water_heater import WaterHeater
from iotsphere.simulator.weather import Climate

ZONE = ZoneInfo("Europe/Berlin")
CLIMATE = Climate(ZONE)
DAY = 86_400.0
MONDAY = datetime(2025, 11, 3, tzinfo=ZONE).astimezone(UTC).timestamp()


def a_heater(name: str = "WH", faults: list[Interval] | None = None, away: list[Interval] | None = None) -> WaterHeater:
    return WaterHeater(
        name=name,
        moment=MONDAY,
        state=TankState(temperature=55.0, energy=1000.0),
        household=Household(name, people=3, zone=ZONE, away=away or []),
        climate=CLIMATE,
        faults=faults or [],
    )


def a_sensor(name: str = "ESP", *, charge: float = 0.8, openness: float = 1.0) -> EnvironmentSensor:
    return EnvironmentSensor(
        name=name,
        moment=MONDAY,
        charge=charge,
        climate=CLIMATE,
        place=Place(temperature=10.5, openness=openness),
    )
