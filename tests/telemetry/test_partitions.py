"""PostgreSQL: readings lie in parts by day, made ahead, filled by stray rows, dropped whole."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from devices.models import RetentionClass
from telemetry import partitions as module
from telemetry.models import Reading
from telemetry.partitioned import READINGS
from telemetry.partitions import drop, maintain, missing, partitions, rewrite, strays, waiting, warnings
from telemetry.store import write_readings
from tests.factories import MetricFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2025, 12, 19, 12, 21, 20, tzinfo=UTC)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps readings in one table"),
]


def part_of(at: datetime) -> str:
    return next(part.name for part in partitions(READINGS) if part.start <= at < part.end)


def test_a_week_is_made_ahead() -> None:
    maintain(NOW)
    assert NOW.date() + timedelta(days=7) in {part.start.date() for part in partitions(READINGS)}


def test_a_reading_without_a_part_waits_in_the_default_one() -> None:
    write_readings([(MetricFactory.create().pk, LONG_AGO, 1.0, None)])
    assert strays(READINGS) == [READINGS.start(LONG_AGO)]


def test_maintaining_gives_stray_readings_a_part_of_their_own() -> None:
    write_readings([(MetricFactory.create().pk, LONG_AGO, 1.0, None)])
    maintain(NOW)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT time FROM {part_of(LONG_AGO)}")
        assert cursor.fetchall() == [(LONG_AGO,)]


def test_maintaining_twice_moves_nothing() -> None:
    write_readings([(MetricFactory.create().pk, LONG_AGO, 1.0, None)])
    maintain(NOW)
    assert maintain(NOW) == 0


def test_a_duplicate_is_recognised_after_its_reading_was_moved() -> None:
    metric = MetricFactory.create()
    write_readings([(metric.pk, LONG_AGO, 1.0, None)])
    maintain(NOW)
    assert write_readings([(metric.pk, LONG_AGO, 2.0, None)]) == 0


def test_dropping_a_part_takes_its_readings_along() -> None:
    write_readings([(MetricFactory.create().pk, LONG_AGO, 1.0, None)])
    maintain(NOW)
    drop(READINGS, next(part for part in partitions(READINGS) if part.name == part_of(LONG_AGO)))
    assert not Reading.objects.exists()


def test_rewriting_a_part_keeps_the_readings_of_the_classes_named() -> None:
    other = RetentionClass.objects.create(name="Other")
    kept, gone = MetricFactory.create(), MetricFactory.create(device__project__retention_class=other)
    write_readings([(kept.pk, LONG_AGO, 1.0, None), (gone.pk, LONG_AGO, 2.0, None)])
    maintain(NOW)
    part = next(part for part in partitions(READINGS) if part.name == part_of(LONG_AGO))
    assert rewrite(READINGS, part, [kept.device.retention_class.pk]) == 1
    assert [reading.metric_id for reading in Reading.objects.all()] == [kept.pk]


def test_a_rewritten_part_takes_late_readings() -> None:
    metric = MetricFactory.create()
    write_readings([(metric.pk, LONG_AGO, 1.0, None)])
    maintain(NOW)
    rewrite(READINGS, next(part for part in partitions(READINGS) if part.name == part_of(LONG_AGO)), [])
    write_readings([(metric.pk, LONG_AGO + timedelta(hours=1), 1.0, None)])
    assert not strays(READINGS)


def test_what_waits_in_the_default_partition_is_counted() -> None:
    write_readings([(MetricFactory.create().pk, LONG_AGO, 1.0, None)])
    assert waiting()["telemetry_reading"] == 1
    maintain(NOW)
    assert set(waiting().values()) == {0}


def test_while_partitions_are_made_nothing_is_wrong() -> None:
    maintain(NOW)
    assert warnings(NOW) == []


def test_partitions_that_were_not_made_ahead_are_named_with_what_to_do() -> None:
    maintain(NOW)
    in_a_month = NOW + timedelta(days=30)
    assert missing(in_a_month)[:1] == ["telemetry_reading_20260331"]
    assert "see that beat and a worker run" in warnings(in_a_month)[0]


def test_too_much_that_waits_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    maintain(NOW)
    monkeypatch.setattr(module, "ROWS_COUNTED", 2)
    metric = MetricFactory.create()
    write_readings([(metric.pk, LONG_AGO + n * timedelta(hours=1), 1.0, None) for n in range(3)])
    [warning] = warnings(NOW)
    assert "2 rows or more of telemetry_reading wait in its default partition" in warning
