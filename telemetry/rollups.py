"""Keep rollups in step with the readings: whoever stores readings marks their buckets (telemetry.store), and marked
buckets are made anew soon after.

A rollup is always computed from what is stored, never adjusted by what arrived: late data comes out right, and doing
it twice changes nothing. Five minutes come from the readings; hours and days come from the five minutes, whose
figures add up exactly. The statements run on SQLite and PostgreSQL alike.
"""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple

from django.db import connection, transaction

from telemetry.models import DirtyBucket, Metric

FIVE_MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
CHUNK = 2000


class Bucket(NamedTuple):
    metric_id: int
    start: datetime
    end: datetime


def recompute() -> int:
    """Make the rollups of all marked buckets anew; how many five-minute buckets that were. Workers may share it."""
    done = 0
    while True:
        with transaction.atomic():
            buckets = _claim(CHUNK)
            roll_up(buckets)
        done += len(buckets)
        if len(buckets) < CHUNK:
            return done


def _claim(limit: int) -> list[Bucket]:
    """Take marks away that no one is just renewing; until the transaction ends nobody else has these buckets."""
    marks = (
        DirtyBucket.objects.order_by("metric_id", "start")
        .select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        .values_list("metric_id", "start")[:limit]
    )
    buckets = [Bucket(metric_id, start, start + FIVE_MINUTES) for metric_id, start in marks]
    _execute(
        "DELETE FROM telemetry_dirtybucket WHERE (metric_id, start) IN (SELECT metric_id, start FROM {wanted})", buckets
    )
    return buckets


def roll_up(buckets: Collection[Bucket]) -> None:
    """Make these five-minute rollups, and the hours and days they are in, from what is stored."""
    if not buckets:
        return
    zones = dict(
        Metric.objects.filter(pk__in={bucket.metric_id for bucket in buckets}).values_list(
            "pk", "device__project__time_zone"
        )
    )
    buckets = [bucket for bucket in buckets if bucket.metric_id in zones]
    hours = {Bucket(metric_id, hour := floor(start, HOUR), hour + HOUR) for metric_id, start, _ in buckets}
    days = {Bucket(metric_id, *day(start, zones[metric_id])) for metric_id, start, _ in buckets}
    _execute(FOLD.format(table="telemetry_fiveminuterollup", points=POINTS_OF_READINGS), buckets)
    _execute(FOLD.format(table="telemetry_hourlyrollup", points=POINTS_OF_ROLLUPS), hours)
    _execute(FOLD.format(table="telemetry_dailyrollup", points=POINTS_OF_ROLLUPS), days)


def floor(at: datetime, width: timedelta) -> datetime:
    """The start of the bucket of this width, counted from the epoch, that `at` is in."""
    seconds = int(width.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp() // seconds) * seconds, UTC)


def day(at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """From midnight to midnight in `zone`, in UTC: 23, 24 or 25 hours."""
    date = at.astimezone(zone).date()
    start, end = (
        datetime.combine(midnight, time.min, zone).astimezone(UTC) for midnight in (date, date + timedelta(days=1))
    )
    return start, end


# One row a point: as its figures in the order of time, each with the last value before it in the same bucket.
POINTS_OF_READINGS = """
    SELECT wanted.metric_id, wanted.start, 1 AS count, value AS sum, value AS min, value AS max,
        value AS first, value AS last, 0.0 AS increase, reading.time AS at
    FROM {wanted} JOIN telemetry_reading reading
        ON reading.metric_id = wanted.metric_id AND reading.time >= wanted.start AND reading.time < wanted.finish
    WHERE reading.value IS NOT NULL
"""
POINTS_OF_ROLLUPS = """
    SELECT wanted.metric_id, wanted.start, count, sum, min, max, first, last, increase, finer.start AS at
    FROM {wanted} JOIN telemetry_fiveminuterollup finer
        ON finer.metric_id = wanted.metric_id AND finer.start >= wanted.start AND finer.start < wanted.finish
"""
# A counter that falls has begun again at zero: what it shows then is what it rose by.
FOLD = """
    INSERT INTO {table} (metric_id, start, count, sum, min, max, first, last, increase)
    SELECT metric_id, start, sum(count), sum(sum), min(min), max(max),
        max(CASE WHEN place = 1 THEN first END), max(CASE WHEN place_from_end = 1 THEN last END),
        sum(increase) + coalesce(sum(CASE WHEN first >= before THEN first - before
                                          WHEN first < before THEN first END), 0)
    FROM (
        SELECT *,
            lag(last) OVER (PARTITION BY metric_id, start ORDER BY at) AS before,
            row_number() OVER (PARTITION BY metric_id, start ORDER BY at) AS place,
            row_number() OVER (PARTITION BY metric_id, start ORDER BY at DESC) AS place_from_end
        FROM ({points}) AS point
    ) AS ordered
    GROUP BY metric_id, start
    ORDER BY metric_id, start
    ON CONFLICT (metric_id, start) DO UPDATE SET count = excluded.count, sum = excluded.sum, min = excluded.min,
        max = excluded.max, first = excluded.first, last = excluded.last, increase = excluded.increase
"""
WANTED_ON_POSTGRESQL = "unnest(%s::int8[], %s::timestamptz[], %s::timestamptz[]) AS wanted(metric_id, start, finish)"
WANTED_ON_SQLITE = """
    (SELECT json_extract(value, '$[0]') AS metric_id, json_extract(value, '$[1]') AS start,
        json_extract(value, '$[2]') AS finish FROM json_each(%s)) AS wanted
"""


def _execute(statement: str, buckets: Collection[Bucket]) -> None:
    """Execute a statement in which {wanted} stands for a table of the buckets."""
    parameters: Sequence[Any]
    if connection.vendor == "postgresql":
        wanted, parameters = WANTED_ON_POSTGRESQL, [list(column) for column in zip(*buckets, strict=True)]
    else:
        adapt = connection.ops.adapt_datetimefield_value
        wanted = WANTED_ON_SQLITE
        parameters = [json.dumps([(pk, str(adapt(start)), str(adapt(end))) for pk, start, end in buckets])]
    if buckets:
        with connection.cursor() as cursor:
            cursor.execute(statement.format(wanted=wanted), parameters)
