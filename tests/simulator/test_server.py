import numpy as np
import pytest

from iotsphere.simulator.clock import local_time
from iotsphere.simulator.server import Server
from tests.simulator.fleet import DAY, MONDAY, ZONE

pytestmark = pytest.mark.once

MONTH = MONDAY + np.arange(0, 30 * DAY, 300)


def test_percentages_are_percentages() -> None:
    month = Server("server", ZONE, ends_with={"disk": 99.5, "memory": 2}).advance(MONTH)
    for key in ("cpu", "memory", "disk"):
        assert month[key].min() >= 0
        assert month[key].max() <= 100


def test_office_hours_are_busier_than_nights() -> None:
    cpu, clock = Server("server", ZONE).advance(MONTH)["cpu"], local_time(MONTH, ZONE)
    office = (clock.hour > 11) & (clock.hour < 16) & ~clock.is_weekend
    night = (clock.hour > 22) | (clock.hour < 1)
    assert cpu[office].mean() > 2 * cpu[night].mean()


def test_the_disk_fills() -> None:
    disk = Server("server", ZONE).advance(MONTH)["disk"]
    assert 2 < disk[-100:].mean() - disk[:100].mean() < 6


def test_its_past_ends_with_what_is_measured_now() -> None:
    measured = {"disk": 31.4, "memory": 62.0, "uptime": 4000.0}
    month = Server("server", ZONE, ends_with=measured).advance(MONTH)
    assert {key: month[key][-1] for key in measured} == measured


def test_uptime_grows_with_the_clock_until_a_restart() -> None:
    uptime = Server("server", ZONE).advance(MONTH)["uptime"]
    growth = np.diff(uptime)
    assert set(np.round(growth[growth > 0])) == {300.0}
    assert np.count_nonzero(growth < 0) in {4, 5}


def test_the_backup_is_the_busiest_program_of_the_night() -> None:
    busiest, clock = Server("server", ZONE).advance(MONTH)["top_cpu"], local_time(MONTH, ZONE)
    assert all(text.startswith("restic ") for text in busiest[(clock.hour >= 2.4) & (clock.hour <= 2.6)])
    assert not any("restic" in text for text in busiest[(clock.hour > 12) & (clock.hour < 20)])
