"""Several processes ingest at once: here threads with connections of their own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection

from devices.models import Device, Provisioning
from telemetry.ingest import Envelope, Receipt, ingest
from telemetry.models import LedgerHour, Metric, Reading
from tests.factories import DeviceFactory, ProjectFactory
from tests.telemetry.letters import NOW, telemetry

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 3


def side_by_side(work: Callable[[int], Any]) -> list[Any]:
    start = threading.Barrier(WORKERS)

    def run(number: int) -> Any:
        try:
            start.wait(10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(run, range(WORKERS)))


def shuffled(batch: list[Envelope], number: int) -> list[Envelope]:
    return Random(number).sample(batch, len(batch))


def test_the_same_batch_in_another_order_is_stored_once_and_counted_each_time() -> None:
    values = {"a": 1, "b": True, "c": "x"}
    devices = [DeviceFactory.create(device_id=f"sensor-{n}").device_id for n in range(20)]
    batch = [telemetry(device_id, values, time=NOW - timedelta(minutes=n)) for device_id in devices for n in range(50)]
    # Known metrics: otherwise who makes them holds up the others, and nobody meets.
    ingest([telemetry(device_id, values, time=NOW - timedelta(days=1)) for device_id in devices])
    receipts: list[list[Receipt]] = side_by_side(lambda number: ingest(shuffled(batch, number)))
    assert Metric.objects.count() == 60
    assert Reading.objects.count() == 3060
    assert sum(receipt.stored for part in receipts for receipt in part) == 3000
    assert sum(receipt.duplicate for part in receipts for receipt in part) == 3000 * (WORKERS - 1)
    assert sum(LedgerHour.objects.values_list("received", flat=True)) == 60 + 3000 * WORKERS


def test_metrics_that_several_meet_first_are_made_once() -> None:
    devices = [DeviceFactory.create(device_id=f"sensor-{n}").device_id for n in range(20)]
    batch = [telemetry(device_id, {"a": 1, "b": True, "c": "x"}) for device_id in devices]
    side_by_side(lambda number: ingest(shuffled(batch, number)))
    assert Metric.objects.count() == 60


def test_the_latest_value_is_the_newest_of_all() -> None:
    devices = [DeviceFactory.create(device_id=f"sensor-{n}").device_id for n in range(50)]
    ingest([telemetry(device_id, {"t": -1}, time=NOW - timedelta(days=1)) for device_id in devices])

    def send(number: int) -> None:
        for step in range(number, 10 * WORKERS, WORKERS):
            time = NOW + timedelta(seconds=step)
            ingest(shuffled([telemetry(device_id, {"t": step}, time=time) for device_id in devices], step))

    side_by_side(send)
    assert set(Metric.objects.values_list("last_value", flat=True)) == {10 * WORKERS - 1}


def test_what_is_only_counted_is_counted_by_all() -> None:
    devices = [DeviceFactory.create(device_id=f"sensor-{n}", lifecycle="disabled").device_id for n in range(200)]

    def send(number: int) -> None:
        for step in range(number, 5 * WORKERS, WORKERS):
            ingest(shuffled([telemetry(device_id, {"t": 1}) for device_id in devices], step))

    side_by_side(send)
    assert set(LedgerHour.objects.values_list("received", flat=True)) == {5 * WORKERS}


def test_a_newcomer_is_registered_once() -> None:
    ProjectFactory.create(provisioning=Provisioning.OPEN)
    side_by_side(lambda number: ingest([telemetry("newcomer", {"t": 1}, time=NOW + timedelta(seconds=number))]))
    assert Device.objects.count() == 1
    assert Reading.objects.count() == WORKERS


@pytest.mark.parametrize("what", [Device, Metric])
def test_what_is_deleted_meanwhile_leaves_no_reading_behind(what: type[Device] | type[Metric]) -> None:
    devices = [DeviceFactory.create(device_id=f"sensor-{n}").device_id for n in range(5)]
    before = [telemetry(device_id, {"t": 0, "u": 0}, time=NOW - timedelta(hours=1)) for device_id in devices]
    ingest(before)

    def send_or_delete(number: int) -> None:
        if number:
            for n in range(10):
                at = NOW + timedelta(seconds=n * WORKERS + number)
                new = [telemetry(device_id, {"t": n, "u": None}, time=at) for device_id in devices]
                ingest(shuffled([*before, *new], n))
        else:
            what.objects.all().delete()

    side_by_side(send_or_delete)
    assert not Reading.objects.exclude(metric__in=Metric.objects.all()).exists()
    assert what is Metric or not Reading.objects.exists()
