"""History says the same whether it comes from readings, from rollups, or from both; and goes on where readings end."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from devices.models import MetricKind
from telemetry.history import Aggregate, history
from telemetry.models import FiveMinuteRollup, Metric, Reading
from telemetry.rollups import recompute
from telemetry.store import write_readings
from tests.factories import NOON, MetricFactory

DAY = timedelta(days=1)
SECONDS = st.integers(-86400, 4 * 86400)
INTERVALS = ["5m", "15m", "1h", "6h", "1d"]
ZONES = ["Europe/Vienna", "Asia/Kathmandu"]


def counter(zone: str = "Europe/Vienna") -> Metric:
    return MetricFactory.create(
        device__project__time_zone=zone, key="energy", kind=MetricKind.TOTAL_INCREASING, device__device_type=None
    )


def points(metric: Metric, **how: Any) -> list[list[float]]:
    found = history(metric.device, [metric.key], NOON, NOON + 3 * DAY, **how).series[metric.key].points
    return [[round(float(figure or 0), 9) for figure in point] for point in found]


class HistoryOfAnyReadings(TestCase):
    @given(
        readings=st.dictionaries(SECONDS, st.integers(0, 100), min_size=1),
        late=st.dictionaries(SECONDS, st.integers(0, 100), max_size=5),
        agg=st.sampled_from(list(Aggregate)),
        interval=st.sampled_from(INTERVALS),
        zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    )
    def test_is_the_same_from_every_store(
        self, readings: dict[int, int], late: dict[int, int], agg: str, interval: str, zones: tuple[str, str]
    ) -> None:
        metric = counter(zones[0])
        how = {"agg": agg, "interval": interval, "time_zone": counter(zones[1]).device.project.time_zone}
        write_readings((metric.pk, NOON + timedelta(seconds=at), value, None) for at, value in readings.items())
        not_rolled_up = points(metric, **how)
        recompute()
        assert not_rolled_up == points(metric, **how)
        write_readings((metric.pk, NOON + timedelta(seconds=at), value, None) for at, value in late.items())
        half_rolled_up = points(metric, **how)
        recompute()
        assert half_rolled_up == points(metric, **how)


@pytest.fixture
def metric(db: None) -> Metric:
    metric = counter()
    write_readings((metric.pk, NOON + timedelta(minutes=number), float(number), None) for number in range(300))
    recompute()
    return metric


def test_where_readings_are_gone_the_five_minutes_speak(metric: Metric) -> None:
    before = points(metric, interval="5m")
    Reading.objects.all().delete()
    assert points(metric, interval="5m") == before


def test_where_five_minutes_are_gone_the_hours_speak(metric: Metric) -> None:
    before = points(metric, interval="1h")
    Reading.objects.all().delete()
    FiveMinuteRollup.objects.all().delete()
    assert points(metric, interval="1h") == before


def test_points_are_as_fine_as_what_is_kept(metric: Metric) -> None:
    Reading.objects.all().delete()
    found = history(metric.device, [metric.key], NOON, NOON + timedelta(hours=5), points=5000)
    assert (found.interval, len(found.series[metric.key].points)) == (300, 60)


def test_an_interval_finer_than_what_is_kept_is_refused(metric: Metric) -> None:
    Reading.objects.all().delete()
    with pytest.raises(ValidationError, match="300 seconds"):
        history(metric.device, [metric.key], NOON, NOON + timedelta(hours=5), interval="1m")
