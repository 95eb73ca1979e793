"""What is older than its retention class goes, nothing else does, and the receipt says what the preview said."""

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, models
from pytest_django import Settings

from devices.models import RetentionClass
from telemetry import partitions
from telemetry.models import DailyRollup, FiveMinuteRollup, HourlyRollup, Metric, Reading
from telemetry.retention import enforce, preview
from telemetry.rollups import recompute
from telemetry.store import write_readings
from tests.factories import MetricFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def metric_kept(raw: int, five_minutes: int = 1000, hours: int = 2000) -> Metric:
    """A metric in a project whose readings are kept that many days."""
    kept = RetentionClass.objects.create(
        name=f"Raw {raw}", raw_days=raw, five_minute_days=five_minutes, hourly_days=hours
    )
    return MetricFactory.create(device__project__retention_class=kept)


def send(metric: Metric, *days_ago: int) -> None:
    write_readings([(metric.pk, NOW - timedelta(days=days), 1.0, None) for days in days_ago])
    recompute()
    if connection.vendor == "postgresql":
        partitions.maintain(NOW)


def days_of(metric: Metric, model: type[models.Model] = Reading, column: str = "time") -> list[int]:
    times = model._default_manager.filter(metric=metric).values_list(column, flat=True)
    return sorted((NOW - time).days for time in times)


def test_readings_older_than_their_class_go() -> None:
    metric = metric_kept(raw=30)
    send(metric, 1, 29, 40, 50)
    enforce(NOW)
    assert days_of(metric) == [1, 29]


def test_a_project_that_keeps_longer_keeps_its_readings_of_the_same_days() -> None:
    short, long = metric_kept(raw=30), metric_kept(raw=60)
    send(short, 40)
    send(long, 40)
    enforce(NOW)
    assert (days_of(short), days_of(long)) == ([], [40])


def test_what_a_project_kept_longer_goes_in_its_turn() -> None:
    short, long = metric_kept(raw=30), metric_kept(raw=60)
    send(short, 40)
    send(long, 40)
    enforce(NOW)
    enforce(NOW + timedelta(days=30))
    assert days_of(long) == []


def test_the_receipts_say_what_the_preview_said() -> None:
    short, long = metric_kept(raw=30), metric_kept(raw=60)
    send(short, 40, 50, 70)
    send(long, 40, 50, 70)
    expected = [(loss.part, loss.rows) for loss in preview(NOW)]
    assert [(receipt.part, receipt.rows) for receipt in enforce(NOW)] == expected


def test_nothing_is_due_twice() -> None:
    short, long = metric_kept(raw=30), metric_kept(raw=60)
    send(short, 40)
    send(long, 40)
    enforce(NOW)
    assert preview(NOW) == []


def test_rollups_outlive_their_readings_by_what_their_class_says() -> None:
    metric = metric_kept(raw=30, five_minutes=90, hours=800)
    send(metric, 40, 200)
    enforce(NOW)
    assert (days_of(metric, FiveMinuteRollup, "start"), days_of(metric, HourlyRollup, "start")) == ([40], [40, 200])


def test_days_are_kept_for_ever() -> None:
    metric = metric_kept(raw=30, five_minutes=60, hours=90)
    send(metric, 3000)
    enforce(NOW)
    assert DailyRollup.objects.filter(metric=metric).count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite gives space back when it wants to")
def test_dropped_partitions_give_their_disk_space_back() -> None:
    metric = metric_kept(raw=30)
    send(metric, 40)
    assert enforce(NOW)[0].bytes > 0


def test_readings_are_exported_before_they_go(settings: Settings, tmp_path: Path) -> None:
    settings.COLD_EXPORT_DIR = str(tmp_path)
    metric = metric_kept(raw=30)
    send(metric, 40)
    (receipt,) = enforce(NOW)
    with gzip.open(receipt.exported_to, "rt") as file:
        rows = list(csv.reader(file))
    time = (NOW - timedelta(days=40)).isoformat()
    assert rows[1:] == [[metric.device.device_id, metric.key, time, "1.0", ""]]


def test_what_cannot_be_exported_stays(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.COLD_EXPORT_DIR = str(tmp_path / "file")
    metric = metric_kept(raw=30)
    send(metric, 40)
    with pytest.raises(OSError, match="file"):
        enforce(NOW)
    assert days_of(metric) == [40]
