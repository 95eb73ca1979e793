"""What buckets of time say of the readings in them, worked out by the database from whatever stores are kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models

from devices.models import MetricKind
from telemetry.buckets import Buckets
from telemetry.kept import DAYS, READINGS, Kept, Part, Stretch


class Aggregate(models.TextChoices):
    """What one bucket says of the readings in it."""

    AVG = "avg", "Mean"
    MIN = "min", "Lowest"
    MAX = "max", "Highest"
    LAST = "last", "Last"
    SUM = "sum", "Sum"
    COUNT = "count", "Number of readings"
    DELTA = "delta", "Increase of a counter, also across restarts at zero; change of a total"
    RATE = "rate", "The same for each second"


# These say something of one reading too: few readings are given as they are, and hold until the next.
OF_ONE_READING = {Aggregate.AVG, Aggregate.MIN, Aggregate.MAX, Aggregate.LAST}
# These say how far a counter or a total went, from the reading before the bucket on.
OF_COUNTERS = {Aggregate.DELTA, Aggregate.RATE}
COUNTERS = {MetricKind.TOTAL, MetricKind.TOTAL_INCREASING}

# A reading is a point whose figures are all its value.
POINTS_OF_READINGS = """
    SELECT time, 1 AS count, value AS sum, value AS min, value AS max, value AS first, value AS last, 0.0 AS increase
    FROM telemetry_reading WHERE metric_id = %s AND time >= %s AND time < %s AND value IS NOT NULL
"""
POINTS_OF_ROLLUPS = """
    SELECT {time} AS time, count, sum, min, max, first, last, increase
    FROM {table} WHERE metric_id = %s AND start >= %s AND start < %s
"""
# A day of one zone belongs to the day of another in which it has its noon, where nothing finer is kept.
NOON = timedelta(hours=12)
AT_NOON = {"sqlite": "datetime(start, '+12 hours')", "postgresql": "start + interval '12 hours'"}
BINNED = """
    WITH point AS ({points}),
        clock AS (SELECT *, {epoch} + {shift} AS seconds FROM point),
        binned AS (SELECT *, {bucket} AS bucket FROM clock)
"""
PER_BUCKET = "SELECT bucket, {aggregate} FROM binned GROUP BY bucket ORDER BY bucket"
LAST_PER_BUCKET = """
    SELECT bucket, last, lowest, highest
    FROM (
        SELECT bucket, last, row_number() OVER (PARTITION BY bucket ORDER BY time DESC) AS place,
            min(min) OVER (PARTITION BY bucket) AS lowest, max(max) OVER (PARTITION BY bucket) AS highest
        FROM binned
    ) AS placed
    WHERE place = 1 ORDER BY bucket
"""
CHANGE_PER_BUCKET = """
    SELECT bucket, sum({change})
    FROM (SELECT *, lag(last, 1, CAST(%s AS double precision)) OVER (ORDER BY time) AS former FROM binned) AS steps
    WHERE former IS NOT NULL OR count > 1 GROUP BY bucket ORDER BY bucket
"""
SUMMED = "WITH point AS ({points}) SELECT sum(count), sum(sum), min(min), max(max) FROM point"
# A counter that has fallen started again at zero.
CHANGE = {
    MetricKind.TOTAL_INCREASING: """
        increase + CASE WHEN former IS NULL THEN 0 WHEN first < former THEN first ELSE first - former END
    """,
    MetricKind.TOTAL: "last - coalesce(former, first)",
}
STATEMENTS = {
    Aggregate.AVG: PER_BUCKET.format(aggregate="sum(sum) / sum(count), min(min), max(max)"),
    Aggregate.MIN: PER_BUCKET.format(aggregate="min(min), min(min), max(max)"),
    Aggregate.MAX: PER_BUCKET.format(aggregate="max(max), min(min), max(max)"),
    Aggregate.LAST: LAST_PER_BUCKET,
    Aggregate.SUM: PER_BUCKET.format(aggregate="sum(sum)"),
    Aggregate.COUNT: PER_BUCKET.format(aggregate="sum(count)"),
}
EPOCH = {"sqlite": "unixepoch(time)", "postgresql": "floor(date_part('epoch', time))::bigint"}
MONTHS = {
    "sqlite": "strftime('%%Y', seconds, 'unixepoch') * 12 + strftime('%%m', seconds, 'unixepoch') - 1",
    "postgresql": """
        (date_part('year', to_timestamp(seconds) AT TIME ZONE 'UTC') * 12
            + date_part('month', to_timestamp(seconds) AT TIME ZONE 'UTC') - 1)::int
    """,
}


def aggregate(kept: Kept, buckets: Buckets, start: datetime, end: datetime, agg: str) -> list[tuple[Any, ...]]:
    """(number of the bucket, figures …) of those that hold any reading, in their order; `start` and `end` are
    boundaries of buckets. The figures are the value, the lowest and the highest reading; else the value alone.

    Of counters and totals: the change since the reading before; a metric's very first reading is none.
    """
    parts = kept.parts(buckets, start, end)
    if not parts:
        return []
    if agg in OF_COUNTERS:
        statement = CHANGE_PER_BUCKET.format(change=CHANGE[MetricKind(kept.metric.kind)])
        former = kept.former(start)
        besides = [former and former[1]]
    else:
        statement, besides = STATEMENTS[Aggregate(agg)], []
    *changes, (_, shift) = buckets.shifts(start, end)
    cases = "".join(f" WHEN time < %s THEN {seconds}" for _, seconds in changes)
    months = buckets.interval.months
    sources, bounds = zip(*(_points(part) for part in parts), strict=True)
    binned = BINNED.format(
        points=" UNION ALL ".join(sources),
        epoch=EPOCH[connection.vendor],
        shift=f"CASE{cases} ELSE {shift} END" if changes else shift,
        bucket=f"({MONTHS[connection.vendor]}) / {months}" if months else f"seconds / {buckets.interval.seconds}",
    )
    parameters = [parameter for first, last in bounds for parameter in (kept.metric.pk, first, last)]
    with connection.cursor() as cursor:
        cursor.execute(binned + statement, _adapted([*parameters, *(until for until, _ in changes), *besides]))
        return cursor.fetchall()


def summed(kept: Kept, buckets: Buckets, start: datetime, end: datetime) -> tuple[Any, ...] | None:
    """Number, sum, lowest and highest of all readings; None if there are none."""
    if not (parts := kept.parts(buckets, start, end)):
        return None
    sources, bounds = zip(*(_points(part) for part in parts), strict=True)
    parameters = [parameter for first, last in bounds for parameter in (kept.metric.pk, first, last)]
    with connection.cursor() as cursor:
        cursor.execute(SUMMED.format(points=" UNION ALL ".join(sources)), _adapted(parameters))
        row: tuple[Any, ...] = cursor.fetchone()
    return row if row[0] else None


def _points(part: Part) -> tuple[str, Stretch]:
    """A query of the points in a part, and the times it goes from and to."""
    store, start, end = part
    if store is READINGS:
        return POINTS_OF_READINGS, (start, end)
    table = store.model._meta.db_table
    if store is DAYS:
        return POINTS_OF_ROLLUPS.format(table=table, time=AT_NOON[connection.vendor]), (start - NOON, end - NOON)
    return POINTS_OF_ROLLUPS.format(table=table, time="start"), (start, end)


def _adapted(values: Sequence[Any]) -> list[Any]:
    adapt = connection.ops.adapt_datetimefield_value
    return [adapt(value) if isinstance(value, datetime) else value for value in values]
