"""A project moves to another time zone: its days are cut anew, and history stays right meanwhile."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from telemetry.aggregates import Aggregate
from telemetry.buckets import INTERVALS, Buckets
from telemetry.history import history
from telemetry.models import DailyRollup, FiveMinuteRollup, HourlyRollup, Metric, Reading
from telemetry.recut import recut
from telemetry.rollups import day, recompute
from telemetry.store import write_readings
from tests.factories import NOON, DeviceFactory
from tests.telemetry.test_history_rollups import READINGS, ZONES, counter, one_by_one, points

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class HistoryOfAProjectThatMoves(TestCase):
    @given(
        readings=READINGS,
        late=READINGS,
        zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
        interval=st.sampled_from(["6h", "1d", "1w", "1mo"]),
        agg=st.sampled_from(list(Aggregate)),
    )
    def test_is_right_before_during_and_after(
        self, readings: dict[int, int], late: dict[int, int], zones: tuple[str, str], interval: str, agg: str
    ) -> None:
        metric, zone = counter(zones[0]), ZoneInfo(zones[1])
        stored: dict[datetime, float] = {}

        def check() -> None:
            expected = one_by_one(stored, NOON, Buckets(INTERVALS[interval], zone), agg, metric.kind)
            now = Metric.objects.select_related("device__project").get(pk=metric.pk)
            assert points(now, interval=interval, agg=agg) == expected

        for batch in (readings, late):
            rows = {NOON + timedelta(seconds=at): float(value) for at, value in batch.items()}
            write_readings((metric.pk, at, value, None) for at, value in rows.items())
            stored = rows | stored
            recompute()
            move(metric, zones[1])
            check()
        recut()
        check()
        starts = DailyRollup.objects.filter(metric=metric).values_list("start", flat=True)
        assert set(starts) == {day(at, zone)[0] for at in stored}


def move(metric: Metric, zone: str) -> None:
    project = metric.device.project
    project.time_zone = zone
    project.save()


@pytest.fixture
def metric(db: None) -> Metric:
    metric = counter("Europe/Vienna")
    write_readings((metric.pk, NOON + number * HOUR, float(number), None) for number in range(24 * 6))
    recompute()
    return metric


def counts(metric: Metric) -> dict[str, int]:
    zone = metric.device.project.time_zone
    rows: Any = DailyRollup.objects.filter(metric=metric).order_by("start").values_list("start", "count")
    return {start.astimezone(ZoneInfo(str(zone))).isoformat(): count for start, count in rows}


def test_each_metric_is_cut_once(metric: Metric) -> None:
    move(metric, "America/New_York")
    assert (recut(), recut()) == (1, 0)


def test_a_metric_that_has_no_days_yet_takes_those_of_its_project(db: None) -> None:
    metric = counter("Asia/Kathmandu")
    write_readings([(metric.pk, NOON, 1.0, None)])
    recompute()
    assert Metric.objects.get().day_zone == "Asia/Kathmandu"


def test_a_device_that_moves_to_another_project_is_cut_anew_too(metric: Metric) -> None:
    device = metric.device
    device.project = DeviceFactory.create(project__time_zone="America/New_York").project
    device.save()
    assert recut() == 1


def test_what_arrives_meanwhile_is_cut_as_the_rest_is(metric: Metric) -> None:
    move(metric, "America/New_York")
    write_readings([(metric.pk, NOON + timedelta(minutes=1), 1.0, None)])
    recompute()
    vienna = ZoneInfo("Europe/Vienna")
    assert {start.astimezone(vienna).hour for start in DailyRollup.objects.values_list("start", flat=True)} == {0}


def test_where_five_minutes_are_gone_hours_are_cut(metric: Metric) -> None:
    FiveMinuteRollup.objects.filter(start__lt=NOON + 3 * DAY).delete()
    move(metric, "America/New_York")
    recut()
    assert set(list(counts(metric).values())[1:-1]) == {24}
    assert sum(counts(metric).values()) == 24 * 6


def test_days_out_of_the_reach_of_hours_keep_their_figures_and_their_date(metric: Metric) -> None:
    before = counts(metric)
    for finer in (FiveMinuteRollup, HourlyRollup):
        finer.objects.filter(start__lt=NOON + 3 * DAY).delete()
    move(metric, "America/New_York")
    recut()
    after = counts(metric)
    assert [(start[:10], count) for start, count in before.items()][:4] == [
        (start[:10], count) for start, count in after.items()
    ][:4]
    assert {start[11:] for start in after} == {"00:00:00-05:00"}


def test_days_asked_for_in_another_zone_come_from_hours_and_where_those_are_gone_from_days(metric: Metric) -> None:
    Reading.objects.all().delete()
    for finer in (FiveMinuteRollup, HourlyRollup):
        finer.objects.filter(start__lt=NOON + 3 * DAY).delete()
    how: dict[str, Any] = {"interval": "1d", "agg": "count", "time_zone": ZoneInfo("America/New_York")}
    found: Any = history(metric.device, ["energy"], NOON, NOON + 6 * DAY, **how).series["energy"].points
    assert sum(count for _, count in found) == 24 * 6
