"""PostgreSQL keeps readings and rollups in partitions by time: made ahead, dropped whole, none ever deleted from.

A row for which no partition was made waits in the default partition; maintain() moves it into one of its own.
Names tell the time: telemetry_reading_20261121. SQLite has one table and none of this. Where readings are a
hypertable, TimescaleDB makes their parts (telemetry.timescale), and what is asked about them here it is asked.
"""

import time
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from django.db import OperationalError, connection, transaction
from psycopg import sql

from telemetry import timescale
from telemetry.partitioned import CLASS_OF_METRIC, TABLES, Partition, Partitioned

log = structlog.get_logger(__name__)

# Whoever waits for a table to himself holds up all who come after: so not for long, but again and again.
PATIENCE = "2s"
ATTEMPTS = 30
ROWS_COUNTED = 100_000


def partitions(table: Partitioned) -> list[Partition]:
    """The parts there are, oldest first, without the default one."""
    if timescale.has(table):
        return timescale.chunks(table)
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


def size(table: Partitioned, partition: Partition) -> int:
    """Bytes on disk, with indexes; 0 if it is not there any more."""
    if timescale.has(table):
        return timescale.size(table, partition)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(pg_total_relation_size(to_regclass(%s)), 0)", [partition.name])
        (size,) = cursor.fetchone() or (0,)
    return int(size)


def default_of(table: Partitioned) -> str:
    return f"{table.table}_default"


def maintain(now: datetime) -> int:
    """Make the parts of the time ahead, and parts for what waits in the default ones; how many rows those were."""
    moved = 0
    for table in TABLES:
        if timescale.has(table):
            continue
        present = {partition.start for partition in partitions(table)}
        for start in table.starts_ahead(now):
            if start not in present:
                moved += _make(table, start)
        for start in strays(table):
            moved += _make(table, start)
    if moved:
        log.info("rows moved out of default partitions", rows=moved)
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


def waiting() -> dict[str, int]:
    """Rows in default partitions, by table (counted to ROWS_COUNTED): for a short while after old data came, or more
    and more of them where nobody makes partitions.
    """
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            if not timescale.has(table):
                cursor.execute(
                    sql.SQL("SELECT count(*) FROM (SELECT FROM {default} LIMIT {most}) AS waiting").format(
                        default=sql.Identifier(default_of(table)), most=sql.Literal(ROWS_COUNTED)
                    )
                )
                (found[table.table],) = cursor.fetchone() or (0,)
    return found


def missing(now: datetime) -> list[str]:
    """The parts that should have been made ahead by now: today's, and the next."""
    names = []
    for table in TABLES:
        if not timescale.has(table):
            present = {partition.name for partition in partitions(table)}
            today = table.start(now)
            names += [name for start in (today, table.next(today)) if (name := table.name(start)) not in present]
    return names


def warnings(now: datetime) -> list[str]:
    """What is wrong with the partitions and what to do about it, in sentences."""
    remedy = (
        "The task “maintain partitions” makes them every hour: see that beat and a worker run, and what they log. "
        "It can be started by hand under Periodic tasks."
    )
    found = []
    if names := missing(now):
        found.append(f"Partitions were not made ahead: {', '.join(names)} is missing. {remedy}")
    full = {table: rows for table, rows in waiting().items() if rows >= ROWS_COUNTED}
    for table, rows in full.items():
        found.append(f"{rows:,} rows or more of {table} wait in its default partition for one of their own. {remedy}")
    return found


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


def drop(table: Partitioned, partition: Partition) -> None:
    """Give the part and its disk space back at once."""
    if timescale.has(table):
        timescale.drop(table, partition)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        _have_to_oneself(table, partition)
        cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(partition.name)))


def rewrite(table: Partitioned, partition: Partition, classes: Collection[int]) -> int:
    """Replace the part by one that has only the rows of these retention classes; how many rows are gone.

    It is made while others read and write, who wait for the exchange alone. The space comes back at once, which
    deleting rows would not give.
    """
    if timescale.has(table):
        return timescale.delete(table, partition, classes)
    names = {
        "table": sql.Identifier(table.table),
        "part": sql.Identifier(partition.name),
        "fresh": sql.Identifier(f"{partition.name}_fresh"),
        "start": sql.Literal(partition.start),
        "end": sql.Literal(partition.end),
        "kept": sql.SQL("SELECT id FROM ({}) AS kept WHERE retention_class = ANY({})").format(
            sql.SQL(CLASS_OF_METRIC), sql.Literal(list(classes))
        ),
    }
    copy = sql.SQL("INSERT INTO {fresh} SELECT * FROM {part} WHERE metric_id IN ({kept})").format(**names)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TABLE {fresh} (LIKE {table} INCLUDING ALL)").format(**names))
        cursor.execute(copy)
        copied = cursor.rowcount
        _have_to_oneself(table, partition)
        cursor.execute(
            sql.SQL("SELECT count(*), count(*) FILTER (WHERE metric_id IN ({kept})) FROM {part}").format(**names)
        )
        before, kept = cursor.fetchone() or (0, 0)
        if kept != copied:  # somebody wrote meanwhile
            cursor.execute(sql.SQL("TRUNCATE {fresh}").format(**names))
            cursor.execute(copy)
        cursor.execute(sql.SQL("DROP TABLE {part}").format(**names))
        cursor.execute(sql.SQL("ALTER TABLE {fresh} RENAME TO {part}").format(**names))
        cursor.execute(
            sql.SQL("ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({start}) TO ({end})").format(**names)
        )
    return before - kept


def _have_to_oneself(table: Partitioned, partition: Partition) -> None:
    """Lock the table, then the part, as who writes does. Raises OperationalError if others would not let go."""
    lock = sql.SQL("LOCK TABLE ONLY {table}, {part} IN ACCESS EXCLUSIVE MODE").format(
        table=sql.Identifier(table.table), part=sql.Identifier(partition.name)
    )
    for _ in range(ATTEMPTS - 1):
        with suppress(OperationalError):
            _try_to_lock(lock)
            return
        time.sleep(timedelta(seconds=1).total_seconds())
    _try_to_lock(lock)


def _try_to_lock(lock: sql.Composed) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(PATIENCE)))
        cursor.execute(lock)
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
