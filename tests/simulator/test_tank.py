import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotsphere.simulator.tank import Surroundings, Tank, TankState, step

pytestmark = pytest.mark.once

TANK = Tank()
OVERSHOOT = TANK.power * 60 / (TANK.litres * 4186)
"""K that the element adds in the longest step."""

states = st.builds(TankState, st.floats(5, 80), st.floats(0, 10_000), st.booleans())
surroundings = st.builds(
    Surroundings,
    litres_per_second=st.floats(0, 0.3),
    inlet=st.floats(4, 20),
    room=st.floats(5, 30),
    target=st.floats(30, 65),
    works=st.booleans(),
)
seconds = st.floats(0, 60)


@given(states, st.lists(st.tuples(surroundings, seconds), max_size=30))
def test_energy_never_decreases(state: TankState, life: list[tuple[Surroundings, float]]) -> None:
    for around, length in life:
        later = step(TANK, state, around, length)
        assert later.energy >= state.energy
        state = later


@given(states, st.lists(st.tuples(surroundings, seconds), max_size=30))
def test_temperature_stays_between_the_coldest_and_the_hottest_there_is(
    state: TankState, life: list[tuple[Surroundings, float]]
) -> None:
    coldest = min([state.temperature, *(min(around.inlet, around.room) for around, _ in life)])
    hottest = max([state.temperature, *(around.target + OVERSHOOT for around, _ in life)])
    for around, length in life:
        state = step(TANK, state, around, length)
        assert coldest - 1e-9 <= state.temperature <= hottest + 1e-9


@settings(max_examples=25)
@given(st.floats(0, 30), st.floats(35, 65))
def test_the_target_is_kept_within_the_hysteresis(below: float, target: float) -> None:
    around = Surroundings(litres_per_second=0, inlet=12, room=20, target=target)
    state = TankState(target - below, energy=0)
    for _ in range(60 * 24):
        state = step(TANK, state, around, 60)
    assert target - TANK.hysteresis - 0.1 <= state.temperature <= target + OVERSHOOT


@given(states, surroundings, st.floats(1, 30))
def test_one_long_step_equals_two_short_ones(state: TankState, around: Surroundings, half: float) -> None:
    once = step(TANK, state, around, 2 * half)
    first = step(TANK, state, around, half)
    twice = step(TANK, first, around, half)
    if once.heating == twice.heating:
        # The efficiency is that of a step's start: it changes by 1e-9 in a minute.
        assert twice.temperature == pytest.approx(once.temperature, abs=1e-6)


def test_a_failed_element_heats_nothing() -> None:
    cold = TankState(temperature=30, energy=100, heating=True)
    later = step(TANK, cold, Surroundings(0, inlet=12, room=20, target=60, works=False), 60)
    assert (later.energy, later.heating) == (100, False)
    assert later.temperature < 30


def test_a_full_tank_cools_by_about_two_kilowatt_hours_a_day() -> None:
    hot = TankState(temperature=65, energy=0)
    later = step(TANK, hot, Surroundings(0, inlet=12, room=20, target=20), 86_400)
    lost = (hot.temperature - later.temperature) * TANK.litres * 4186 / 3.6e6
    assert 1.4 < lost < 1.9


@given(st.floats(0, 9000), st.floats(1, 1000))
def test_wear_only_grows(energy: float, more: float) -> None:
    assert TANK.efficiency(energy + more) < TANK.efficiency(energy) <= 1
    assert 0 <= TANK.anode(energy + more) <= TANK.anode(energy) <= 100
