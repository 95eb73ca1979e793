"""What is older than its retention class goes, nothing else does, and the receipt says what the preview said."""

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, models
from pytest_django import Settings

from devices.models import RetentionClass
from telemetry import cold, partitions, retention
from telemetry.models import DailyRollup, FiveMinuteRollup, HourlyRollup, Metric, Reading
from telemetry.partitioned import READINGS
from telemetry.reasons import Reason
from telemetry.retention import enforce, preview
from telemetry.rollups import recompute
from telemetry.store import write_readings
from tests.factories import DeviceTypeFactory, MetricFactory
from tests.telemetry.letters import take, telemetry

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def metric_kept(raw: int, five_minutes: int = 1000, hours: int = 2000) -> Metric:
    """A metric in a project whose readings are kept that many days."""
    kept = RetentionClass.objects.create(
        name=f"Raw {raw}", raw_days=raw, five_minute_days=five_minutes, hourly_days=hours
    )
    return MetricFactory.create(device__project__retention_class=kept)


def send(metric: Metric, *days_ago: float) -> None:
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


def test_a_device_types_class_comes_before_its_projects() -> None:
    long = metric_kept(raw=60)
    short = MetricFactory.create(
        device__project=long.device.project,
        device__device_type=DeviceTypeFactory.create(
            name="Camera", retention_class=RetentionClass.objects.create(name="Short", raw_days=5)
        ),
    )
    send(long, 10, 40)
    send(short, 3, 10)
    enforce(NOW)
    assert (days_of(long), days_of(short)) == ([10, 40], [3])


def test_preview_and_receipt_say_whose_rows_go() -> None:
    short, long = metric_kept(raw=30), metric_kept(raw=60)
    send(short, 40)
    send(long, 40)
    [loss] = preview(NOW)
    assert (loss.whose, loss.whole) == (f"{short.device.project}: no type", False)
    [receipt] = enforce(NOW)
    assert receipt.whose == loss.whose


def test_who_comes_to_keep_for_a_shorter_time_loses_what_is_older() -> None:
    """Also from parts of which others' rows have gone before."""
    short, middle, long = metric_kept(raw=30), metric_kept(raw=50), metric_kept(raw=60)
    for metric in (short, middle, long):
        send(metric, 40)
    enforce(NOW)
    RetentionClass.objects.filter(name="Raw 50").update(raw_days=31)
    assert [loss.rows for loss in preview(NOW)] == [1]
    enforce(NOW)
    assert [days_of(metric) for metric in (short, middle, long)] == [[], [], [40]]


@pytest.mark.parametrize("days", [1, 31, 45])
def test_what_comes_too_late_for_what_has_gone_is_rejected_with_the_reason(days: int) -> None:
    metric = metric_kept(raw=30)
    send(metric, 29, 31, 45)
    enforce(NOW)
    gone = set(range(29, 46)) - set(days_of(metric))
    late = telemetry(metric.device.device_id, {metric.key: 5}, time=NOW - timedelta(days=days), at=NOW)
    receipt = take(late)
    assert (receipt.stored, [item.reason for item in receipt.rejected]) == (
        (0, [Reason.TOO_OLD]) if days in gone else (1, [])
    )
    assert [loss.rows for loss in preview(NOW)] == []


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
    fill(metric, 40)
    before = disk_space()
    [loss], [receipt] = preview(NOW), enforce(NOW)
    assert loss.bytes == receipt.bytes == before - disk_space()
    assert receipt.bytes > 100_000


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite gives space back when it wants to")
def test_partitions_that_others_keep_shrink() -> None:
    short, long = metric_kept(raw=30), metric_kept(raw=60)
    fill(short, 40)
    send(long, 40)
    before = disk_space()
    [receipt] = enforce(NOW)
    assert receipt.bytes == before - disk_space()
    assert receipt.bytes > 100_000


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one table")
def test_empty_partitions_go_without_a_receipt() -> None:
    metric = metric_kept(raw=30)
    partitions.maintain(NOW - timedelta(days=60))
    assert any(part.start < NOW - timedelta(days=40) for part in partitions.partitions(READINGS))
    send(metric, 1)
    assert enforce(NOW) == []
    assert all(part.end > NOW - timedelta(days=30) for part in partitions.partitions(READINGS))


def fill(metric: Metric, days_ago: int) -> None:
    """Send so much that it can be seen on the disk."""
    at = READINGS.start(NOW - timedelta(days=days_ago))
    write_readings((metric.pk, at + timedelta(seconds=n), 1.0, None) for n in range(3000))
    recompute()
    partitions.maintain(NOW)


def disk_space() -> int:
    return sum(partitions.size(READINGS, part) for part in partitions.partitions(READINGS))


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


def test_of_a_part_that_is_exported_twice_both_files_stay(settings: Settings, tmp_path: Path) -> None:
    settings.COLD_EXPORT_DIR = str(tmp_path)
    short, long = metric_kept(raw=30), metric_kept(raw=60)
    send(short, 40)
    send(long, 40)
    first, second = *enforce(NOW), *enforce(NOW + timedelta(days=25))
    assert first.exported_to != second.exported_to
    assert {Path(receipt.exported_to) for receipt in (first, second)} == set(tmp_path.iterdir())


def test_what_dies_while_it_exports_throws_nothing_away(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.COLD_EXPORT_DIR = str(tmp_path)
    metric = metric_kept(raw=30)
    send(metric, 40)

    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cold, "_sync", dying)
        with pytest.raises(KeyboardInterrupt):
            enforce(NOW)
    assert days_of(metric) == [40]
    [receipt] = enforce(NOW)
    with gzip.open(receipt.exported_to, "rt") as file:
        assert len(list(csv.reader(file))) == 2
    assert days_of(metric) == []


def test_what_was_not_exported_whole_stays(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.COLD_EXPORT_DIR = str(tmp_path)
    metric = metric_kept(raw=30)
    send(metric, 40, 40.1)

    def careless(rows: Any, name: str, folder: Path) -> tuple[Path, int]:
        return cold.write_csv(list(rows)[1:], name, folder)

    monkeypatch.setattr(retention, "write_csv", careless)
    assert enforce(NOW) == []
    assert len(days_of(metric)) == 2
