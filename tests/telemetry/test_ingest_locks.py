"""Ingest takes its locks in one order, so that no two processes wait for each other in a circle."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, models, transaction

from devices.models import Device
from telemetry.ingest import Envelope, ingest
from telemetry.models import LedgerHour, Metric, Reading
from tests.factories import DeviceFactory
from tests.telemetry.letters import NOW, SECOND, telemetry
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def devices() -> list[str]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time and needs no order: run with --on=servers")
    return [DeviceFactory.create(device_id=f"sensor-{n}").device_id for n in range(10)]


@contextmanager
def waiting_for(row: models.QuerySet, batch: list[Envelope]) -> Iterator[None]:
    """While another process ingests the batch and cannot go on, for this one has locked the row."""

    def work() -> None:
        try:
            ingest(batch)
        finally:
            connection.close()

    other = threading.Thread(target=work)
    with transaction.atomic():
        row.select_for_update().get()
        other.start()
        wait_until(someone_waits)
        yield
    other.join(10)
    assert not other.is_alive()


def someone_waits() -> bool:
    return waiting() > 0


def waiting() -> int:
    """How many processes wait for another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]


def is_free(row: models.QuerySet) -> bool:
    return bool(list(row.select_for_update(skip_locked=True)))


Batch = Callable[[int], list[Envelope]]


@pytest.fixture
def batch(devices: list[str]) -> Batch:
    """A message of each device, the last device first."""
    return lambda step: [telemetry(device_id, {"t": step}, at=NOW + step * SECOND) for device_id in reversed(devices)]


def test_who_waits_for_the_first_metric_holds_no_later_one(batch: Batch) -> None:
    ingest(batch(0))
    first, *later = Metric.objects.order_by("pk").values_list("pk", flat=True)
    with waiting_for(Metric.objects.filter(pk=first), batch(1)):
        assert all(is_free(Metric.objects.filter(pk=pk)) for pk in later)


def test_who_waits_for_the_first_page_of_the_ledger_holds_no_later_one(batch: Batch) -> None:
    ingest(batch(0))
    first, *later = LedgerHour.objects.order_by("sender").values_list("pk", flat=True)
    with waiting_for(LedgerHour.objects.filter(pk=first), batch(1)):
        assert all(is_free(LedgerHour.objects.filter(pk=pk)) for pk in later)


def test_deleting_a_device_waits_for_ingest_and_never_in_a_circle(batch: Batch) -> None:
    """Ingest that waits for a metric holds nothing that who deletes the device has or will wait for."""
    ingest(batch(0))
    device = Device.objects.earliest("pk")
    other = threading.Thread(target=_delete, args=[device])
    with waiting_for(Metric.objects.filter(device=device), batch(1)):
        other.start()
        wait_until(lambda: waiting() == 2)
    other.join(10)
    assert not other.is_alive()
    assert not Device.objects.filter(pk=device.pk).exists()
    assert not Reading.objects.exclude(metric__in=Metric.objects.all()).exists()


def _delete(device: Device) -> None:
    try:
        device.delete()
    finally:
        connection.close()
