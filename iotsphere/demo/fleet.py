"""The demo's devices and what they measure. Everything about one of them is on one screen here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from iotsphere.demo.incidents import Incidents
from iotsphere.simulator.columns import Simulated
from iotsphere.simulator.environment_sensor import EnvironmentSensor, Place
from iotsphere.simulator.household import Household
from iotsphere.simulator.obedience import Manner
from iotsphere.simulator.tank import TankState
from iotsphere.simulator.water_heater import Boost, WaterHeater
from iotsphere.simulator.weather import Climate

ZONE = ZoneInfo("Europe/Berlin")
CLIMATE = Climate(ZONE)
SATURDAY, SUNDAY = 5, 6
GREENHOUSE = Place(temperature=22.0, openness=0.35, lag=2700, sun=6.0, moisture=8.0)
ROOF = Place(temperature=10.5, openness=1.0)
AGAINST_LEGIONELLA = Boost(SUNDAY, (3, 5))


@dataclass(frozen=True, slots=True)
class DemoDevice:
    """A device of the demo and how to simulate it from a moment on."""

    device_id: str
    name: str
    type_slug: str
    location: str
    build: Callable[[float, Incidents], Simulated]
    labels: list[str] = field(default_factory=list)
    interval: float = 5.0
    """Seconds between live messages."""
    manner: Manner = field(default_factory=Manner)
    """How it takes commands and settings."""
    position: tuple[float, float] = (52.4561, 13.2913)
    """Degrees north and east: the house, unless it is beside it."""
    has_clock: bool = True
    """Whether its messages say when they were measured; the portal takes the time of arrival otherwise."""


def _sensor(start: float, _incidents: Incidents, *, name: str, charge: float, place: Place, **rest: Any) -> Simulated:
    return EnvironmentSensor(name=name, moment=start, charge=charge, climate=CLIMATE, place=place, **rest)


def _heater(
    start: float,
    incidents: Incidents,
    *,
    name: str,
    people: int,
    energy: float,
    mode: str,
    boosts: tuple[Boost, ...],
) -> Simulated:
    return WaterHeater(
        name=name,
        moment=start,
        state=TankState(temperature=55.0, energy=energy),
        household=Household(name, people, ZONE, away=incidents.away.get(name, ())),
        climate=CLIMATE,
        usual_mode=mode,
        boosts=boosts,
        faults=incidents.faults.get(name, ()),
    )


FLEET = (
    DemoDevice(
        device_id="ESP32_SIM_01",
        name="Greenhouse",
        type_slug="environment-sensor",
        location="Garden, south side",
        position=(52.4558, 13.2914),
        labels=["garden"],
        build=partial(
            _sensor,
            name="ESP32_SIM_01",
            charge=0.95,
            days_on_a_charge=60.0,
            place=GREENHOUSE,
        ),
    ),
    DemoDevice(
        device_id="ESP32_SIM_02",
        name="Roof terrace",
        type_slug="environment-sensor",
        location="Roof, under the eaves",
        labels=["outdoor", "solar"],
        has_clock=False,
        manner=Manner(delay=8.0),
        build=partial(_sensor, name="ESP32_SIM_02", charge=0.9, solar=True, place=ROOF),
    ),
    DemoDevice(
        device_id="ESP32_SIM_03",
        name="Wine cellar",
        type_slug="environment-sensor",
        location="Basement, behind the boiler room",
        labels=["cellar"],
        manner=Manner(answers=False),
        # Its contact is loose, and its cell was changed eleven days before the seeding.
        build=partial(
            _sensor,
            name="ESP32_SIM_03",
            charge=0.589,
            days_on_a_charge=34.0,
            noise=0.3,
            outliers=0.002,
            place=Place(temperature=13.0, openness=0.1, lag=72_000, moisture=3.0),
        ),
    ),
    DemoDevice(
        device_id="WH_DEMO_01",
        name="Family flat heater",
        type_slug="water-heater",
        location="Boiler room, left",
        labels=["boiler-room"],
        interval=2.0,
        build=partial(
            _heater,
            name="WH_DEMO_01",
            people=3,
            energy=1840.0,
            mode="standard",
            boosts=(Boost(SATURDAY, (16, 20)), AGAINST_LEGIONELLA),
        ),
    ),
    DemoDevice(
        device_id="WH_DEMO_02",
        name="Garden flat heater",
        type_slug="water-heater",
        location="Boiler room, right",
        labels=["boiler-room"],
        interval=2.0,
        manner=Manner(delay=4.0, refuses={"boost": "The element is scaled: its cut-out would trip."}),
        # Old: scaled, and the anode is nearly used up.
        build=partial(_heater, name="WH_DEMO_02", people=2, energy=5320.0, mode="eco", boosts=(AGAINST_LEGIONELLA,)),
    ),
)
