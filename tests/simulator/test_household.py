from datetime import datetime

import numpy as np
import pytest

from iotsphere.simulator.household import Household
from tests.simulator.fleet import DAY, MONDAY, ZONE

pytestmark = pytest.mark.once

FAMILY = Household("family", people=3, zone=ZONE)


def litres_by_hour(household: Household, days: list[int]) -> list[float]:
    """Mean litres drawn in each of the 24 hours of the given days, counted from a Monday."""
    edges = [MONDAY + day * DAY + np.arange(25) * 3600 for day in days]
    return np.mean([np.diff(household.drawn(hours)) for hours in edges], axis=0).tolist()


def test_the_same_household_draws_the_same_however_it_is_asked() -> None:
    hours = MONDAY + np.arange(0, 7 * 24) * 3600.0
    whole = np.diff(FAMILY.drawn(hours))
    apart = [float(np.diff(FAMILY.drawn(hours[i : i + 2]))[0]) for i in range(len(hours) - 1)]
    np.testing.assert_allclose(whole, apart, atol=1e-6)


def test_water_never_runs_backwards() -> None:
    assert np.diff(FAMILY.drawn(MONDAY + np.arange(0, 3 * DAY, 7.0))).min() >= 0


def test_three_people_draw_about_a_hundred_litres_a_day() -> None:
    days = FAMILY.drawn(MONDAY + np.arange(0, 61) * DAY)
    assert 80 < np.diff(days).mean() < 140


def test_mornings_and_evenings_draw_more_than_nights() -> None:
    weekdays = [7 * week + day for week in range(8) for day in range(5)]
    litres = litres_by_hour(FAMILY, weekdays)
    assert min(litres[6], litres[7], litres[20]) > 10 * max(litres[1:4])


def test_weekends_begin_later() -> None:
    weekdays = litres_by_hour(FAMILY, [7 * week + day for week in range(8) for day in range(5)])
    weekends = litres_by_hour(FAMILY, [7 * week + day for week in range(8) for day in (5, 6)])
    assert weekends[6] < weekdays[6] / 2
    assert weekends[9] > weekdays[9]


def test_nobody_draws_while_they_are_away() -> None:
    away = Household("family", people=3, zone=ZONE, away=[(MONDAY, MONDAY + 3 * DAY)])
    litres = away.drawn(MONDAY + np.array([0.5, 2.5, 3.0, 5.0]) * DAY)
    assert litres[1] == pytest.approx(litres[0], abs=1e-6)
    assert litres[3] > litres[2]


def test_peaks_keep_to_the_wall_clock_in_summer_time() -> None:
    monday = datetime(2025, 6, 2, tzinfo=ZONE).timestamp()
    days = [monday + (7 * week + day) * DAY for week in range(8) for day in range(5)]
    six_to_eight, eight_to_ten = np.mean([np.diff(FAMILY.drawn(day + np.array([6, 8, 10]) * 3600)) for day in days], 0)
    assert six_to_eight > 2 * eight_to_ten
