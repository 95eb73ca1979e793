"""PostgreSQL: parts are exchanged and devices purged while others write; nobody waits in a circle, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from devices.models import Device, RetentionClass
from devices.removal import ask_for_purge, carry_out
from telemetry import purge
from telemetry.ingest import ingest
from telemetry.models import DirtyBucket, LedgerHour, Metric, Reading
from telemetry.partitioned import READINGS
from telemetry.partitions import drop, maintain, partitions, rewrite
from telemetry.store import write_readings
from tests.factories import DeviceFactory, MetricFactory
from tests.telemetry.letters import NOW, SECOND, telemetry

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]

DAY = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def metrics() -> Any:
    """One that is kept and one that is not, with readings of one day."""
    other = RetentionClass.objects.create(name="Other")
    kept, gone = MetricFactory.create(), MetricFactory.create(device__project__retention_class=other)
    write_readings((metric.pk, DAY + n * SECOND, 1.0, None) for metric in (kept, gone) for n in range(2000))
    maintain(DAY)
    yield kept, gone
    for part in partitions(READINGS):
        drop(READINGS, part)


def test_what_is_written_while_a_part_is_exchanged_is_there_afterwards(metrics: tuple[Metric, Metric]) -> None:
    kept, _ = metrics
    [part] = [part for part in partitions(READINGS) if part.start == DAY]

    def write(worker: int) -> int:
        try:
            late = [DAY + timedelta(hours=2 + worker, seconds=n) for n in range(100)]
            return sum(
                write_readings([(kept.pk, at, 2.0, None), (kept.pk, at + DAY.resolution, 2.0, None)]) for at in late
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, worker) for worker in range(2)]
        gone = [rewrite(READINGS, part, [kept.device.retention_class.pk]) for _ in range(5)]
        written = sum(future.result(60) for future in writing)
    assert gone == [2000, 0, 0, 0, 0]
    assert Reading.objects.filter(metric=kept).count() == 2000 + written


def test_a_device_is_purged_while_it_goes_on_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "ROWS_AT_ONCE", 20)
    devices = [DeviceFactory.create(device_id=f"sensor-{n}") for n in range(3)]
    ingest([telemetry(f"sensor-{n % 3}", {"a": n, "b": n}, at=NOW - n * SECOND) for n in range(300)])

    def send(worker: int) -> None:
        try:
            for n in range(30):
                at = NOW + (2 * n + worker) * SECOND
                ingest([telemetry(f"sensor-{k}", {"a": n, "b": None}, at=at) for k in (2, 0, 1)])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        sending = [pool.submit(send, worker) for worker in range(2)]
        for asked in ask_for_purge(devices[:2], None):
            carry_out(asked)
        for future in sending:
            future.result(60)
    assert set(Device.objects.values_list("device_id", flat=True)) == {"sensor-2"}
    for model in (Reading, DirtyBucket):
        assert not model._default_manager.exclude(metric__in=Metric.objects.all()).exists()
    page = LedgerHour.objects.filter(sender="sensor-2")
    assert sum(page.values_list("stored", flat=True)) == Reading.objects.count()
