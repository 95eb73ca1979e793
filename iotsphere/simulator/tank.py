"""The tank of an electric water heater: one well-mixed volume, one element, one thermostat."""

from dataclasses import dataclass
from math import exp
from typing import NamedTuple

WATER = 4186.0
"""Heat capacity of water, J/(kg K); a litre is taken for a kilogram (1.7 % too heavy at 60 °C)."""

JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class Tank:
    """150 litres that lose about 1.7 kWh a day at 65 °C in a 20 °C room (energy class C, EU 812/2013)."""

    litres: float = 150.0
    power: float = 2000.0
    loss: float = 1.6
    """W/K through the insulation."""
    hysteresis: float = 4.0
    """K below target at which the element comes on; it goes off at target."""
    hardness: float = 0.4
    """mm of scale on the element per 1,000 kWh: hard water."""
    anode_life: float = 6000.0
    """kWh after which the magnesium anode is used up: about three years of a family's water."""

    def efficiency(self, energy: float) -> float:
        """Share of the element's power that reaches the water, after `energy` kWh since it was new.

        Installers reckon with a loss of some 7 % for every millimetre of scale.
        """
        return 1 / (1 + 0.07 * self.hardness * energy / 1000)

    def anode(self, energy: float) -> float:
        """Percent of the anode that is left."""
        return max(0.0, 100 * (1 - energy / self.anode_life))


class TankState(NamedTuple):
    """All that a tank remembers; each of it can be read back from what the device reports."""

    temperature: float
    energy: float
    """kWh used since installation."""
    heating: bool = False


class Surroundings(NamedTuple):
    """What acts on the tank during one step."""

    litres_per_second: float
    inlet: float
    room: float
    target: float
    works: bool = True
    """False while the element or its cut-out has failed."""


def step(tank: Tank, state: TankState, around: Surroundings, seconds: float) -> TankState:
    """The tank `seconds` later, with the thermostat's decision held for that long.

    Energy balance of a mixed tank, C dT/dt = ηP - U(T - T_room) - ṁc(T - T_inlet), solved exactly for
    constant conditions, so that a long step is as stable as a short one (one node of the multi-node tank in
    Duffie & Beckman, Solar Engineering of Thermal Processes, ch. 8).
    """
    temperature, energy, heating = state
    if not around.works or temperature >= around.target:
        heating = False
    elif temperature < around.target - tank.hysteresis:
        heating = True
    power = tank.power if heating else 0.0
    flow = around.litres_per_second * WATER
    exchange = tank.loss + flow
    settles_at = (power * tank.efficiency(energy) + tank.loss * around.room + flow * around.inlet) / exchange
    decay = exp(-exchange * seconds / (tank.litres * WATER))
    return TankState(
        temperature=settles_at + (temperature - settles_at) * decay,
        energy=energy + power * seconds / JOULES_PER_KWH,
        heating=heating,
    )
