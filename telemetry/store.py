"""Write readings: each key (metric, time) once, however often and in however many processes it arrives.

PostgreSQL takes them by binary COPY into a staging table and from there in key order, so that processes which
write the same keys wait for each other but never in a circle. SQLite has one writer at a time anyway.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from django.db import DataError, Error, IntegrityError, connection, transaction

from telemetry.rollups import FIVE_MINUTES, floor

CHUNK = 10_000


class Row(NamedTuple):
    """A reading to be written: exactly one of value and text is not None."""

    metric_id: int
    time: datetime
    value: float | None
    text: str | None


def write_readings(rows: Iterable[tuple[int, datetime, float | None, str | None]]) -> int:
    """Write any number of readings in chunks, each in a transaction; how many were new.

    Of readings with the same key the one that is stored already stays, else the last given is taken. For bulk
    work: metrics' latest values and the ledger are the caller's.
    """
    stored = 0
    iterator = iter(rows)
    while chunk := {(row[0], row[1]): row for row in islice(iterator, CHUNK)}:
        stored += len(chunk) - len(store([Row(*row) for row in chunk.values()]))
    return stored


def is_refusal(error: Error) -> bool:
    """Whether the database refuses what it was given, and would again; else it may take it another time."""
    # Errors that triggers raise themselves are of class P0; without a connection there is no state.
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, DataError | IntegrityError) or state.startswith("P0")


def store(rows: Sequence[Row]) -> list[int]:
    """Write readings whose keys differ from each other; the positions of those whose key was stored already.

    The five minutes of what is new are marked, so that their rollups are made anew (telemetry.rollups). The marks
    stay locked until the transaction ends: whoever takes them away waits for the readings they are about.
    """
    with transaction.atomic():
        return _copy(rows) if connection.vendor == "postgresql" else _insert(rows)


STAGING_TABLE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS incoming_reading
        (position int4, metric_id int8, time timestamptz, value float8, text text) ON COMMIT DELETE ROWS;
    DELETE FROM incoming_reading
"""
STAGE = "COPY incoming_reading (position, metric_id, time, value, text) FROM STDIN (FORMAT BINARY)"
STORE_STAGED = """
    WITH stored AS (
        INSERT INTO telemetry_reading (metric_id, time, value, text)
        SELECT metric_id, time, value, text FROM incoming_reading ORDER BY metric_id, time
        ON CONFLICT (metric_id, time) DO NOTHING
        RETURNING metric_id, time, value
    ), marked AS (
        INSERT INTO telemetry_dirtybucket (metric_id, start, marks)
        SELECT DISTINCT metric_id, date_bin('5 minutes', time, 'epoch'), 1 FROM stored WHERE value IS NOT NULL
        ORDER BY 1, 2
        ON CONFLICT (metric_id, start) DO UPDATE SET marks = telemetry_dirtybucket.marks + 1
    )
    SELECT position FROM incoming_reading LEFT JOIN stored USING (metric_id, time) WHERE stored.metric_id IS NULL
        -- Spares the join where all were new.
        AND (SELECT count(*) FROM stored) < (SELECT count(*) FROM incoming_reading)
"""


def _copy(rows: Sequence[Row]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(STAGING_TABLE)
        with connection.wrap_database_errors, cursor.copy(STAGE) as copy:
            copy.set_types(["int4", "int8", "timestamptz", "float8", "text"])
            for position, row in enumerate(rows):
                copy.write_row((position, *row))
        cursor.execute(STORE_STAGED)
        return [position for (position,) in cursor.fetchall()]


STORE_ONE = """
    INSERT INTO telemetry_reading (metric_id, time, value, text) VALUES (?, ?, ?, ?)
    ON CONFLICT (metric_id, time) DO NOTHING
"""


MARK_ONE = """
    INSERT INTO telemetry_dirtybucket (metric_id, start, marks) VALUES (?, ?, 1)
    ON CONFLICT (metric_id, start) DO UPDATE SET marks = marks + 1
"""


def _insert(rows: Sequence[Row]) -> list[int]:
    known = []
    dirty = set()
    # The driver's own cursor: Django's would rewrite the placeholders of every row.
    with connection.wrap_database_errors:
        cursor = connection.connection.cursor()
        for position, (metric_id, time, value, text) in enumerate(rows):
            if cursor.execute(STORE_ONE, (metric_id, _as_text(time), value, text)).rowcount == 0:
                known.append(position)
            elif value is not None:
                dirty.add((metric_id, _as_text(floor(time, FIVE_MINUTES))))
        cursor.executemany(MARK_ONE, dirty)
    return known


def _as_text(time: datetime) -> str:
    """What Django's SQLite backend makes of a time: UTC, without its zone."""
    return str(time.astimezone(UTC).replace(tzinfo=None))
