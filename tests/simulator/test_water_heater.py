import numpy as np
import pytest

from iotsphere.simulator.columns import reading
from iotsphere.simulator.obedience import Unable
from iotsphere.simulator.water_heater import SET_POINTS, WaterHeater
from tests.simulator.fleet import DAY, MONDAY, a_heater

pytestmark = pytest.mark.once

WEEK = MONDAY + np.arange(60, 7 * DAY, 60)


def test_the_same_name_lives_the_same_life() -> None:
    one, two = a_heater().advance(WEEK), a_heater().advance(WEEK)
    for key in one:
        np.testing.assert_array_equal(one[key], two[key])


def test_another_name_lives_another_life() -> None:
    assert not np.array_equal(a_heater("A").advance(WEEK)["energy"], a_heater("B").advance(WEEK)["energy"])


def test_a_life_lived_in_pieces_is_the_same_life() -> None:
    whole, heater = a_heater().advance(WEEK), a_heater()
    pieces = [heater.advance(part) for part in np.array_split(WEEK, 11)]
    for key in ("temperature", "energy", "flow_rate"):
        np.testing.assert_allclose(np.concatenate([piece[key] for piece in pieces]), whole[key], atol=0.1)


def test_the_energy_counter_never_falls() -> None:
    assert np.diff(a_heater().advance(WEEK)["energy"]).min() >= 0


def test_the_tank_is_never_hotter_than_its_highest_set_point_allows() -> None:
    temperature = a_heater().advance(WEEK)["temperature"]
    assert temperature.min() > 10
    assert temperature.max() < max(max(points) for points in SET_POINTS.values()) + 0.6


def test_the_tank_is_hot_before_the_morning_showers() -> None:
    at_six = a_heater().advance(MONDAY + 6 * 3600 + np.arange(1, 6) * DAY)
    assert set(at_six["target_temperature"]) == {60.0}
    assert np.median(at_six["temperature"]) == pytest.approx(60, abs=0.5)


def test_it_heats_only_below_its_target() -> None:
    week = a_heater().advance(WEEK)
    heating = week["status"] == "heating"
    assert np.all(week["temperature"][heating] <= week["target_temperature"][heating] + 0.6)


def test_a_fault_day_is_reported_and_the_water_cools() -> None:
    fault = (MONDAY + 1 * DAY, MONDAY + 2 * DAY)
    week = a_heater(faults=[fault]).advance(WEEK)
    during = (fault[0] <= WEEK) & (fault[1] > WEEK)
    assert set(week["status"][during]) == {"fault"}
    assert "fault" not in week["status"][~during]
    assert np.ptp(week["energy"][during]) == 0
    assert week["temperature"][during][-1] < week["temperature"][during][0] - 10


def test_an_empty_house_is_on_vacation() -> None:
    week = a_heater(away=[(MONDAY + DAY, MONDAY + 3 * DAY)]).advance(WEEK)
    away = (WEEK >= MONDAY + DAY) & (WEEK < MONDAY + 3 * DAY)
    assert set(week["mode"][away]) == {"vacation"}
    assert week["flow_rate"][away][10:].max() == 0


def test_reports_further_apart_still_count_every_litre() -> None:
    minutes = a_heater().advance(MONDAY + np.arange(60, DAY + 1, 60))["flow_rate"].sum()
    quarters = a_heater().advance(MONDAY + np.arange(900, DAY + 1, 900))["flow_rate"].sum() * 15
    assert quarters == pytest.approx(minutes, abs=1.0)


def test_it_resumes_from_what_it_last_reported() -> None:
    heater = a_heater()
    heater.advance(WEEK)
    last = reading(heater, WEEK[-1] + 2)

    restarted: WaterHeater = a_heater()
    restarted.resume(WEEK[-1] + 2, last)
    following = reading(restarted, WEEK[-1] + 4)
    assert following["energy"] == pytest.approx(last["energy"], abs=0.01)
    assert following["temperature"] == pytest.approx(last["temperature"], abs=0.4)


def test_it_lives_through_the_hours_nobody_listened() -> None:
    heater = a_heater()
    heater.resume(MONDAY, {"temperature": 55.0, "energy": 1000.0, "status": "standby"})
    assert 1003 < float(reading(heater, MONDAY + DAY)["energy"]) < 1015


def test_a_clock_set_back_changes_nothing() -> None:
    heater = a_heater()
    before = reading(heater, MONDAY + DAY)
    after = reading(heater, MONDAY + DAY - 3600)
    assert after["energy"] == before["energy"]
    assert heater.moment == MONDAY + DAY


# --- What somebody sets ---


def test_it_heats_to_what_somebody_has_set() -> None:
    heater = a_heater()
    heater.set({"target_temperature": 62.5})
    assert heater.settings()["target_temperature"] == 62.5
    assert set(heater.advance(WEEK[:600])["target_temperature"]) == {62.5}


def test_switched_off_it_cools() -> None:
    heater = a_heater()
    heater.set({"mode": "off", "target_temperature": 60})
    week = heater.advance(WEEK)
    assert set(week["mode"]) == {"off"}
    assert np.ptp(week["energy"]) == 0
    assert week["temperature"][-1] < 25


def test_what_it_was_set_to_stays_while_it_is_off() -> None:
    heater = a_heater()
    heater.set({"mode": "off", "target_temperature": 60})
    assert heater.settings() == {"mode": "off", "target_temperature": 60}


def test_without_a_setting_it_follows_its_household() -> None:
    heater = a_heater()
    before = heater.settings()
    heater.set({"mode": "off"})
    heater.set({})
    assert heater.settings() == before


def test_a_boost_ends_by_itself() -> None:
    heater = a_heater()
    heater.do("boost", {"minutes": 30}, MONDAY)
    hour = heater.advance(MONDAY + np.arange(60, 3600, 60))
    assert list(hour["mode"][:29]) == ["boost"] * 29
    assert set(hour["mode"][30:]) == {"standard"}


def test_switched_off_it_refuses_a_boost() -> None:
    heater = a_heater()
    heater.set({"mode": "off"})
    with pytest.raises(Unable):
        heater.do("boost", {"minutes": 30}, MONDAY)
