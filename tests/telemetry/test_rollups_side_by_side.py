"""Rollups are made while others make them too, store for them and delete what they are of."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from devices.models import Device
from telemetry.models import DailyRollup, DirtyBucket, FiveMinuteRollup, HourlyRollup, Metric
from telemetry.rollups import recompute
from telemetry.store import write_readings
from tests.factories import NOON, DeviceFactory, MetricFactory

pytestmark = pytest.mark.django_db(transaction=True)
METRICS, BUCKETS = 40, 12


def side_by_side(*works: Callable[[], Any]) -> None:
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(run, works))


def store(second: int = 0) -> None:
    pks = list(Metric.objects.order_by("pk").values_list("pk", flat=True))
    times = [NOON + timedelta(minutes=5 * number, seconds=second) for number in range(BUCKETS)]
    write_readings((pk, time, 1.0, None) for pk in pks for time in times)


@pytest.fixture
def device(db: None) -> Device:
    device: Device = DeviceFactory.create()
    for number in range(METRICS):
        MetricFactory.create(device=device, key=f"m{number}")
    store()
    return device


def test_deleting_a_device_meanwhile_leaves_nothing_behind(device: Device) -> None:
    recompute()
    store(second=1)
    side_by_side(recompute, Device.objects.all().delete, recompute)
    for model in (DirtyBucket, FiveMinuteRollup, HourlyRollup, DailyRollup):
        assert not model._default_manager.exists()


def test_what_is_being_deleted_holds_nobody_up(device: Device) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("on SQLite there is one writer at a time")
    deleted, made = threading.Event(), threading.Event()

    def delete() -> None:
        with transaction.atomic():
            device.metrics.order_by("pk")[0].delete()
            deleted.set()
            assert made.wait(30)

    def make() -> None:
        assert deleted.wait(30)
        recompute()
        made.set()

    side_by_side(delete, make)
    assert FiveMinuteRollup.objects.count() == (METRICS - 1) * BUCKETS


def test_all_that_several_make_is_whole(device: Device) -> None:
    def store_and_make(number: int) -> None:
        for second in range(number, 12, 3):
            store(second)
            recompute()

    side_by_side(*(partial(store_and_make, number) for number in range(3)))
    recompute()
    for model in (FiveMinuteRollup, HourlyRollup, DailyRollup):
        assert model._default_manager.aggregate(Sum("count"))["count__sum"] == METRICS * BUCKETS * 12
