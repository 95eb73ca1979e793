"""TimescaleDB: what is asked of it, and, where it is installed, that it does it."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from devices.models import RetentionClass
from telemetry import timescale
from telemetry.models import Reading
from telemetry.partitioned import FIVE_MINUTES, READINGS
from telemetry.partitions import drop, maintain, partitions, rewrite, size, warnings
from telemetry.store import write_readings
from tests.factories import MetricFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def called(*arguments: str) -> str:
    out = StringIO()
    call_command("use_timescaledb", *arguments, stdout=out, no_color=True)
    return out.getvalue()


# --- What is asked of it ---


def test_readings_become_chunks_of_a_day_compressed_by_metric() -> None:
    statements = "\n".join(timescale.to_hypertable(compress=True, unpack=True))
    assert "create_hypertable('telemetry_reading', 'time', chunk_time_interval => INTERVAL '1 day'" in statements
    assert "compress_segmentby = 'metric_id', timescaledb.compress_orderby = 'time'" in statements
    assert "add_compression_policy('telemetry_reading', compress_after => INTERVAL '7 days')" in statements


def test_readings_are_copied_before_what_they_were_in_is_dropped() -> None:
    for statements in (list(timescale.to_hypertable(compress=False, unpack=False)), list(timescale.to_partitions())):
        copied = next(n for n, statement in enumerate(statements) if statement.startswith("INSERT"))
        dropped = next(n for n, statement in enumerate(statements) if statement.startswith("DROP"))
        assert copied < dropped


def test_the_edition_that_cannot_compress_is_not_asked_to() -> None:
    assert not any("compress" in statement for statement in timescale.to_hypertable(compress=False, unpack=True))


@pytest.mark.parametrize(("text", "expected"), [("2.17.2", (2, 17)), ("2.20.0-dev", (2, 20)), ("2.11.0", (2, 11))])
def test_the_version_is_read(text: str, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    class Cursor:
        def __enter__(self) -> "Cursor":
            return self

        def __exit__(self, *_: object) -> None: ...

        def execute(self, _: str) -> None: ...

        def fetchone(self) -> tuple[str]:
            return (text,)

    class Connection:
        vendor = "postgresql"

        def cursor(self) -> Cursor:
            return Cursor()

    monkeypatch.setattr(timescale, "connection", Connection())
    assert timescale.version() == expected


def test_rollups_stay_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timescale, "version", lambda: (2, 17))
    assert not timescale.has(FIVE_MINUTES)


@pytest.mark.skipif(connection.vendor == "postgresql", reason="about SQLite")
def test_on_sqlite_the_command_says_what_it_needs() -> None:
    with pytest.raises(CommandError, match="runs on SQLite"):
        called()


@pytest.fixture
def _without() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no extensions")
    if timescale.version() is not None:
        pytest.skip("TimescaleDB is installed")


@pytest.mark.usefixtures("_without")
def test_without_the_extension_the_command_says_what_to_do() -> None:
    with pytest.raises(CommandError, match=r"CREATE EXTENSION|has no TimescaleDB"):
        called("--yes")


@pytest.mark.usefixtures("_without")
def test_back_to_where_readings_are_is_no_way() -> None:
    assert "in partitions already" in called("--back", "--yes")


@pytest.mark.usefixtures("_without")
def test_an_old_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timescale, "version", lambda: (2, 9))
    monkeypatch.setattr(timescale, "has", lambda _: False)
    with pytest.raises(CommandError, match=r"2\.11 or newer"):
        called("--yes")


@pytest.mark.usefixtures("_without")
def test_the_plan_is_shown_and_nothing_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**_: Any) -> None:
        pytest.fail("it was done")

    monkeypatch.setattr(timescale, "version", lambda: (2, 17))
    monkeypatch.setattr(timescale, "has", lambda _: False)
    monkeypatch.setattr(timescale, "compresses", lambda: True)
    monkeypatch.setattr(timescale, "switch", never)
    plan = called()
    assert "a hypertable with chunks of a day" in plan
    assert "compressed 7 days after" in plan
    assert "Nothing was done" in plan


@pytest.mark.usefixtures("_without")
def test_all_that_needs_no_extension_is_done_there_and_back() -> None:
    """Without one the hypertable is an ordinary table on the way."""
    metric = MetricFactory.create()
    write_readings([(metric.pk, NOW, 1.0, None), (metric.pk, NOW - DAY, 2.0, None)])
    with connection.cursor() as cursor:
        for statement in timescale.to_hypertable(compress=False, unpack=False):
            if "create_hypertable" not in statement:
                cursor.execute(statement)
        assert write_readings([(metric.pk, NOW, 3.0, None)]) == 0
        for statement in timescale.to_partitions():
            cursor.execute(statement)
    maintain(NOW)
    assert set(Reading.objects.values_list("value", flat=True)) == {1.0, 2.0}
    assert READINGS.name(READINGS.start(NOW)) in {part.name for part in partitions(READINGS)}


# --- That it does it ---


@pytest.fixture
def _hypertable() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("TimescaleDB is an extension of PostgreSQL: run with --on=servers")
    if not timescale.is_offered():
        pytest.skip("This PostgreSQL server has no TimescaleDB")
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    timescale.switch(on=True)


@pytest.mark.usefixtures("_hypertable")
def test_a_hypertable_takes_readings_once() -> None:
    metric = MetricFactory.create()
    assert write_readings([(metric.pk, NOW, 1.0, None), (metric.pk, NOW - DAY, 1.0, None)]) == 2
    assert write_readings([(metric.pk, NOW, 2.0, None)]) == 0
    assert [chunk.start for chunk in partitions(READINGS)] == [READINGS.start(NOW - DAY), READINGS.start(NOW)]


@pytest.mark.usefixtures("_hypertable")
def test_its_chunks_are_dropped_and_thinned_like_partitions() -> None:
    other = RetentionClass.objects.create(name="Other")
    kept, gone = MetricFactory.create(), MetricFactory.create(device__project__retention_class=other)
    write_readings([(metric.pk, NOW - n * DAY, 1.0, None) for metric in (kept, gone) for n in range(2)])
    old, new = partitions(READINGS)
    assert size(READINGS, old) > 0
    drop(READINGS, old)
    assert rewrite(READINGS, new, [kept.device.retention_class.pk]) == 1
    assert [reading.metric_id for reading in Reading.objects.all()] == [kept.pk]


@pytest.mark.usefixtures("_hypertable")
def test_there_is_nothing_to_maintain_of_it() -> None:
    maintain(NOW)
    assert warnings(NOW) == []


@pytest.mark.usefixtures("_hypertable")
def test_back_in_partitions_all_readings_are_there() -> None:
    write_readings([(MetricFactory.create().pk, NOW, 1.0, None)])
    timescale.switch(on=False)
    maintain(NOW)
    assert Reading.objects.count() == 1
    assert READINGS.name(READINGS.start(NOW)) in {part.name for part in partitions(READINGS)}
