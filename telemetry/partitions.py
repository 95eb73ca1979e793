"""PostgreSQL keeps readings and rollups in partitions by time: made ahead, dropped whole, none ever deleted from.

A row for which no partition was made waits in the default partition; maintain() moves it into one of its own.
Names tell the time: telemetry_reading_20261121. SQLite has one table and none of this.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A table cut by the times in `column` into parts of `period`: day, month or year, in UTC."""

    table: str
    column: str
    period: str
    ahead: int

    def start(self, at: datetime) -> datetime:
        """The start of the part that `at` is in."""
        at = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.period == "day":
            return at
        return at.replace(day=1) if self.period == "month" else at.replace(month=1, day=1)

    def next(self, start: datetime) -> datetime:
        """The start of the part after the one that starts at `start`."""
        longest = {"day": 1, "month": 31, "year": 366}[self.period]
        return self.start(start + timedelta(days=longest))

    def name(self, start: datetime) -> str:
        return f"{self.table}_{start:%Y%m%d}"


READINGS = Partitioned("telemetry_reading", "time", "day", ahead=7)
FIVE_MINUTES = Partitioned("telemetry_fiveminuterollup", "start", "month", ahead=2)
HOURS = Partitioned("telemetry_hourlyrollup", "start", "year", ahead=1)
TABLES = (READINGS, FIVE_MINUTES, HOURS)


class Partition(NamedTuple):
    name: str
    start: datetime
    end: datetime


def partitions(table: Partitioned) -> list[Partition]:
    """The parts there are, oldest first, without the default one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
            WHERE inhparent = %s::regclass AND child.relname <> %s ORDER BY child.relname
            """,
            [table.table, default_of(table)],
        )
        found = [(name, _start_in(name)) for (name,) in cursor.fetchall()]
    return [Partition(name, start, table.next(start)) for name, start in found]


def _start_in(name: str) -> datetime:
    return datetime.strptime(name.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC)


def size(partition: Partition) -> int:
    """Bytes on disk, with indexes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [partition.name])
        (size,) = cursor.fetchone() or (0,)
    return int(size)


def default_of(table: Partitioned) -> str:
    return f"{table.table}_default"


def maintain(now: datetime) -> int:
    """Make the parts of the time ahead, and parts for what waits in the default ones; how many rows those were."""
    moved = 0
    for table in TABLES:
        present = {partition.start for partition in partitions(table)}
        for start in _starts_ahead(table, now):
            if start not in present:
                moved += _make(table, start)
        for start in strays(table):
            moved += _make(table, start)
    return moved


def strays(table: Partitioned) -> list[datetime]:
    """The starts of the parts that rows in the default partition belong to."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT DISTINCT date_trunc({period}, {column}, 'UTC') FROM {default} ORDER BY 1").format(
                period=sql.Literal(table.period),
                column=sql.Identifier(table.column),
                default=sql.Identifier(default_of(table)),
            )
        )
        return [start.astimezone(UTC) for (start,) in cursor.fetchall()]


def _starts_ahead(table: Partitioned, now: datetime) -> Iterator[datetime]:
    start = table.start(now)
    for _ in range(table.ahead + 1):
        yield start
        start = table.next(start)


def _make(table: Partitioned, start: datetime) -> int:
    """Make one part and give it what waits for it. Several workers may try: who comes second finds it made."""
    names = {
        "table": sql.Identifier(table.table),
        "default": sql.Identifier(default_of(table)),
        "part": sql.Identifier(table.name(start)),
        "column": sql.Identifier(table.column),
        "start": sql.Literal(start),
        "end": sql.Literal(table.next(start)),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        # Nobody may add to the default partition between the move and the attachment.
        cursor.execute(sql.SQL("LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE").format(**names))
        cursor.execute("SELECT to_regclass(%s)", [table.name(start)])
        if cursor.fetchone() != (None,):
            return 0
        cursor.execute(sql.SQL("CREATE TABLE {part} (LIKE {table} INCLUDING ALL)").format(**names))
        cursor.execute(
            sql.SQL(
                """
                WITH moved AS (DELETE FROM {default} WHERE {column} >= {start} AND {column} < {end} RETURNING *)
                INSERT INTO {part} SELECT * FROM moved
                """
            ).format(**names)
        )
        moved = cursor.rowcount
        cursor.execute(
            sql.SQL("ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({start}) TO ({end})").format(**names)
        )
    return moved


def drop(partition: Partition) -> None:
    """Give the part and its disk space back at once."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(partition.name)))


def rewrite(table: Partitioned, partition: Partition, projects: Collection[int]) -> int:
    """Replace the part by one that has only the rows of metrics of these projects; how many rows are gone.

    Late rows for the part wait meanwhile. The space comes back at once, which deleting rows would not give.
    """
    names = {
        "table": sql.Identifier(table.table),
        "part": sql.Identifier(partition.name),
        "former": sql.Identifier(f"{partition.name}_former"),
        "start": sql.Literal(partition.start),
        "end": sql.Literal(partition.end),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("LOCK TABLE {part} IN ACCESS EXCLUSIVE MODE").format(**names))
        cursor.execute(sql.SQL("SELECT count(*) FROM {part}").format(**names))
        (before,) = cursor.fetchone() or (0,)
        cursor.execute(sql.SQL("ALTER TABLE {table} DETACH PARTITION {part}").format(**names))
        cursor.execute(sql.SQL("ALTER TABLE {part} RENAME TO {former}").format(**names))
        cursor.execute(sql.SQL("CREATE TABLE {part} (LIKE {table} INCLUDING ALL)").format(**names))
        cursor.execute(
            sql.SQL(
                """
                INSERT INTO {part} SELECT former.* FROM {former} AS former
                JOIN telemetry_metric metric ON metric.id = former.metric_id
                JOIN devices_device device ON device.id = metric.device_id
                WHERE device.project_id = ANY(%s)
                """
            ).format(**names),
            [list(projects)],
        )
        kept = cursor.rowcount
        cursor.execute(
            sql.SQL("ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({start}) TO ({end})").format(**names)
        )
        cursor.execute(sql.SQL("DROP TABLE {former}").format(**names))
    return before - kept
