import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotsphere.simulator.clock import local_time
from iotsphere.simulator.columns import reading
from iotsphere.simulator.environment_sensor import cell_voltage, charge_of
from iotsphere.simulator.weather import relative_humidity
from tests.simulator.fleet import CLIMATE, DAY, MONDAY, ZONE, a_sensor

pytestmark = pytest.mark.once

MONTH = MONDAY + np.arange(0, 30 * DAY, 300)


def test_afternoons_are_warmer_than_nights() -> None:
    temperature, hour = a_sensor().advance(MONTH)["temperature"], local_time(MONTH, ZONE).hour
    afternoon, night = (hour > 13) & (hour < 17), (hour > 3) & (hour < 6)
    assert temperature[afternoon].mean() > temperature[night].mean() + 3


def test_air_dries_as_the_day_warms() -> None:
    month = a_sensor().advance(MONTH[::36])
    assert np.corrcoef(np.diff(month["temperature"]), np.diff(month["humidity"]))[0, 1] < -0.8


def test_a_cellar_hardly_notices_the_weather() -> None:
    outside, cellar = a_sensor().advance(MONTH), a_sensor(openness=0.1).advance(MONTH)
    assert np.std(cellar["temperature"]) < np.std(outside["temperature"]) / 4


@given(st.floats(-30, 50), st.floats(-40, 50))
def test_relative_humidity_is_a_percentage(temperature: float, dew_point: float) -> None:
    assert 1 <= relative_humidity(temperature, dew_point) <= 100


def test_air_at_its_dew_point_is_saturated() -> None:
    assert relative_humidity(12.0, 12.0) == 100


def test_air_at_twenty_degrees_with_a_dew_point_of_nine_is_half_saturated() -> None:
    assert relative_humidity(20.0, 9.3) == pytest.approx(50, abs=0.5)


@given(st.floats(0, 1))
def test_a_cells_voltage_tells_its_charge(charge: float) -> None:
    assert charge_of(cell_voltage(charge)) == pytest.approx(charge, abs=1e-9)


def test_the_battery_runs_down_and_is_replaced_when_empty() -> None:
    sensor = a_sensor(charge=0.3)
    battery = sensor.advance(MONTH)["battery"]
    replaced = int(np.argmax(np.diff(battery))) + 1
    assert battery[replaced] - battery[replaced - 1] > 0.5
    assert battery[replaced - 1] < 3.5
    # Before and after it only falls, but for the noise of the measurement.
    assert np.diff(battery[:replaced]).max() < 0.05
    assert np.diff(battery[replaced:]).max() < 0.05


def test_it_resumes_at_the_charge_it_last_reported() -> None:
    sensor, restarted = a_sensor(), a_sensor(charge=0.2)
    last = reading(sensor, MONDAY + 20 * DAY)
    restarted.resume(MONDAY + 20 * DAY, last)
    assert reading(restarted, MONDAY + 20 * DAY + 5)["battery"] == pytest.approx(last["battery"], abs=0.03)


def test_mains_water_is_coldest_in_late_winter_and_between_freezing_and_warm() -> None:
    year = MONDAY + np.arange(0, 365) * DAY
    water = CLIMATE.mains_water(year)
    coldest = local_time(year[np.argmin(water)], ZONE).day_of_year
    assert 20 < coldest < 90
    assert 4 < water.min() < water.max() < 22
