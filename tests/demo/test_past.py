from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from devices.models import Widget
from devices.shipped_types import SHIPPED_TYPES
from iotsphere.demo.fleet import FLEET
from iotsphere.demo.past import Past, fleet_before, moments_before, this_server_before

NOW = datetime(2025, 12, 19, 12, 21, 20, tzinfo=UTC)
METRICS = {shipped["slug"]: {metric["key"]: metric for metric in shipped["metrics"]} for shipped in SHIPPED_TYPES}


@pytest.fixture(scope="module")
def pasts() -> dict[str, Past]:
    pasts = {past.device_id: past for past in fleet_before(NOW)}
    return pasts | {"server": this_server_before(NOW)}


@pytest.fixture(scope="module")
def types() -> dict[str, str]:
    return {device.device_id: device.type_slug for device in FLEET} | {"server": "server"}


def test_it_covers_thirty_days_to_the_last_whole_minute() -> None:
    moments = moments_before(NOW)
    assert datetime.fromtimestamp(moments[-1], UTC) == NOW.replace(second=0)
    assert moments[-1] - moments[0] == timedelta(days=30).total_seconds()


def test_the_last_two_days_are_kept_by_the_minute() -> None:
    steps = np.diff(moments_before(NOW))
    assert set(steps[-2880:]) == {60.0}
    assert set(steps[:-2880]) == {300.0}


def test_devices_report_what_their_type_defines(pasts: dict[str, Past], types: dict[str, str]) -> None:
    assert {name: set(past.columns) for name, past in pasts.items()} == {
        name: set(METRICS[types[name]]) for name in pasts
    }


def test_gauges_never_leave_their_range(pasts: dict[str, Past], types: dict[str, str]) -> None:
    for name, past in pasts.items():
        for key, metric in METRICS[types[name]].items():
            if metric.get("widget") == Widget.GAUGE:
                assert metric["minimum"] <= past.columns[key].min(), (name, key)
                assert past.columns[key].max() <= metric["maximum"], (name, key)


def test_the_same_moment_has_the_same_past(pasts: dict[str, Past]) -> None:
    for again in fleet_before(NOW):
        for key, values in again.columns.items():
            np.testing.assert_array_equal(values, pasts[again.device_id].columns[key])


def test_one_heater_had_a_fault_day(pasts: dict[str, Past]) -> None:
    faulty = [name for name, past in pasts.items() if "fault" in past.columns.get("status", [])]
    assert faulty == ["WH_DEMO_02"]


def test_its_household_was_on_holiday(pasts: dict[str, Past]) -> None:
    past = pasts["WH_DEMO_02"]
    days = np.count_nonzero(past.columns["mode"] == "vacation") * 300 / 86_400
    assert 4 < days < 5


def test_one_sensor_was_silent_for_a_night(pasts: dict[str, Past]) -> None:
    assert 8 < np.diff(pasts["ESP32_SIM_02"].moments).max() / 3600 < 10


def test_one_sensor_got_a_fresh_cell(pasts: dict[str, Past]) -> None:
    battery = pasts["ESP32_SIM_03"].columns["battery"]
    assert np.diff(battery).max() > 0.6


def test_the_fleet_is_well_when_its_past_ends(pasts: dict[str, Past]) -> None:
    assert "fault" not in [past.columns["status"][-1] for past in pasts.values() if "status" in past.columns]
