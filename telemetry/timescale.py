"""TimescaleDB, where it is installed and chosen: readings are a hypertable, whose chunks of a day it makes, compresses
after a week and gives back when retention says so. Everything else stays as it is on PostgreSQL.

Version 2.11 or newer: older ones do not let late readings into compressed chunks. Compression needs the Community
edition; with the Apache edition there are chunks and no compression.
"""

from collections.abc import Collection, Iterator
from datetime import UTC

from django.db import connection, transaction
from psycopg import sql

from telemetry.partitioned import CLASS_OF_METRIC, READINGS, Partition, Partitioned

OLDEST = (2, 11)
COMPRESSED_AFTER = "7 days"
# How many compressed rows a statement may unpack, which late readings and deletions do, is limited by default.
UNPACKING = "timescaledb.max_tuples_decompressed_per_dml_transaction"


def version() -> tuple[int, int] | None:
    """That of the extension in this database; None where it is not."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
        row = cursor.fetchone()
    if row is None:
        return None
    major, minor, *_ = row[0].partition("-")[0].split(".")
    return int(major), int(minor)


def is_offered() -> bool:
    """Whether the server could have the extension: `CREATE EXTENSION timescaledb` as its superuser installs it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'")
        return cursor.fetchone() is not None


def is_usable() -> bool:
    """Whether this database has it, in a version that will do."""
    installed = version()
    return installed is not None and installed >= OLDEST


def compresses() -> bool:
    """Whether the edition can."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('timescaledb.license', true)")
        return cursor.fetchone() == ("timescale",)


def has(table: Partitioned) -> bool:
    """Whether the table is a hypertable."""
    if table != READINGS or version() is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT FROM timescaledb_information.hypertables
            WHERE hypertable_schema = current_schema() AND hypertable_name = %s
            """,
            [table.table],
        )
        return cursor.fetchone() is not None


def chunks(table: Partitioned) -> list[Partition]:
    """Oldest first. They are cut at midnight UTC, as partitions are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT chunk_name, range_start, range_end FROM timescaledb_information.chunks
            WHERE hypertable_schema = current_schema() AND hypertable_name = %s ORDER BY range_start
            """,
            [table.table],
        )
        return [Partition(name, start.astimezone(UTC), end.astimezone(UTC)) for name, start, end in cursor.fetchall()]


def size(table: Partitioned, chunk: Partition) -> int:
    """Bytes on disk, with indexes and with what is compressed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(total_bytes), 0) FROM chunks_detailed_size(%s::regclass) WHERE chunk_name = %s",
            [table.table, chunk.name],
        )
        (size,) = cursor.fetchone() or (0,)
    return int(size)


def drop(table: Partitioned, chunk: Partition) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT drop_chunks(%s::regclass, older_than => %s, newer_than => %s)",
            [table.table, chunk.end, chunk.start],
        )


def delete(table: Partitioned, chunk: Partition, classes: Collection[int]) -> int:
    """Delete the rows of the chunk that are of no retention class of these; how many. The space can be used again."""
    statement = sql.SQL(
        """
        DELETE FROM {table} WHERE {column} >= {start} AND {column} < {end}
            AND metric_id NOT IN (SELECT id FROM ({classes}) AS kept WHERE retention_class = ANY({kept}))
        """
    ).format(
        table=sql.Identifier(table.table),
        column=sql.Identifier(table.column),
        start=sql.Literal(chunk.start),
        end=sql.Literal(chunk.end),
        classes=sql.SQL(CLASS_OF_METRIC),
        kept=sql.Literal(list(classes)),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        if _knows(UNPACKING):
            cursor.execute(f"SET LOCAL {UNPACKING} = 0")
        cursor.execute(statement)
        return cursor.rowcount


def to_hypertable(*, compress: bool, unpack: bool) -> Iterator[str]:
    """The statements that make readings a hypertable. All of them in one transaction, or none."""
    yield f"ALTER TABLE {READINGS.table} RENAME TO {READINGS.table}_parts"
    yield (
        f"CREATE TABLE {READINGS.table} (LIKE {READINGS.table}_parts INCLUDING DEFAULTS INCLUDING CONSTRAINTS, "
        f"CONSTRAINT {READINGS.table}_hyper_key PRIMARY KEY (metric_id, {READINGS.column}))"
    )
    yield (
        f"SELECT create_hypertable('{READINGS.table}', '{READINGS.column}', "
        "chunk_time_interval => INTERVAL '1 day', create_default_indexes => false)"
    )
    yield f"INSERT INTO {READINGS.table} TABLE {READINGS.table}_parts"
    yield f"DROP TABLE {READINGS.table}_parts"
    if compress:
        yield (
            f"ALTER TABLE {READINGS.table} SET (timescaledb.compress, "
            f"timescaledb.compress_segmentby = 'metric_id', timescaledb.compress_orderby = '{READINGS.column}')"
        )
        yield f"SELECT add_compression_policy('{READINGS.table}', compress_after => INTERVAL '{COMPRESSED_AFTER}')"
    if compress and unpack:
        yield (
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET " + UNPACKING + " = 0', current_database()); "
            "EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'not the owner of the database'; END $$"
        )


def to_partitions() -> Iterator[str]:
    """The statements that make partitions of readings again. Rows are in the default one until they are moved."""
    yield f"ALTER TABLE {READINGS.table} RENAME TO {READINGS.table}_hyper"
    yield (
        f"CREATE TABLE {READINGS.table} (LIKE {READINGS.table}_hyper INCLUDING DEFAULTS INCLUDING CONSTRAINTS, "
        f"CONSTRAINT {READINGS.table}_parts_key PRIMARY KEY (metric_id, {READINGS.column})) "
        f"PARTITION BY RANGE ({READINGS.column})"
    )
    yield f"CREATE TABLE {READINGS.table}_default PARTITION OF {READINGS.table} DEFAULT"
    yield f"INSERT INTO {READINGS.table} TABLE {READINGS.table}_hyper"
    yield f"DROP TABLE {READINGS.table}_hyper"


def switch(*, on: bool) -> None:
    """Make readings a hypertable, or partitions again. Nobody reads or writes them meanwhile."""
    statements = to_hypertable(compress=compresses(), unpack=_knows(UNPACKING)) if on else to_partitions()
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _knows(setting: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_settings WHERE name = %s", [setting])
        return cursor.fetchone() is not None
