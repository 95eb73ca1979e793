"""Keep rollups in step with the readings: whoever stores readings marks their buckets (telemetry.store), and marked
buckets are made anew soon after.

A rollup is always computed from what is stored, never adjusted by what arrived: late data comes out right, and doing
it twice changes nothing. Five minutes come from the readings; hours and days come from the five minutes, whose
figures add up exactly. The statements run on SQLite and PostgreSQL alike.

One worker at a time: two that made the same hour from different five minutes would each overlook the other's. It
holds metrics before it touches anything of them, as ingest does and whoever deletes them: none waits in a circle.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection, models, transaction

from devices.arrays import array
from telemetry.models import DailyRollup, DirtyBucket, FiveMinuteRollup, HourlyRollup, Metric, Rollup

FIVE_MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
CHUNK = 2000
ONE_AT_A_TIME = 7_112_001  # the key of a lock in PostgreSQL, which knows locks by numbers


class Bucket(NamedTuple):
    metric_id: int
    start: datetime
    end: datetime


def recompute() -> int:
    """Make the rollups of all marked buckets anew; how many five-minute buckets that were. Several workers may try."""
    done = 0
    marks = DirtyBucket.objects.order_by("metric_id", "start")
    while True:
        with turn() as mine:
            chunk = marks[:CHUNK].values_list("metric_id", "start") if mine else ()
            if not chunk:
                return done
            buckets = _claim(marks.filter(pk__lte=chunk[len(chunk) - 1]))
            roll_up(buckets)
            done += len(buckets)
            # Those that were skipped have their turn the next time.
            marks = marks.filter(pk__gt=chunk[len(chunk) - 1])


@contextmanager
def turn() -> Iterator[bool]:
    """A transaction, and whether it is this worker's turn to make rollups in it."""
    with transaction.atomic():
        if connection.vendor != "postgresql":
            yield True  # nobody else writes meanwhile
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
            mine = cursor.fetchone() == (True,)
        yield mine


def hold(metrics: Collection[int]) -> set[int]:
    """Keep these metrics from being deleted until the transaction ends; those that are not just being."""
    if connection.vendor != "postgresql":
        return set(Metric.objects.filter(pk__in=metrics).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        # Django's select_for_update() knows no lock as weak as this.
        cursor.execute(
            "SELECT id FROM telemetry_metric WHERE id = ANY(%s::int8[]) ORDER BY id FOR KEY SHARE SKIP LOCKED",
            [array(metrics)],
        )
        return {pk for (pk,) in cursor.fetchall()}


def _claim(marks: models.QuerySet[DirtyBucket]) -> list[Bucket]:
    """Take these marks away, but for those that are just being renewed or whose metric is just being deleted."""
    held = hold(set(marks.order_by().values_list("metric_id", flat=True).distinct()))
    free = marks.filter(metric_id__in=held).select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    buckets = [Bucket(metric_id, at, at + FIVE_MINUTES) for metric_id, at in free.values_list("metric_id", "start")]
    _execute(
        "DELETE FROM telemetry_dirtybucket WHERE (metric_id, start) IN (SELECT metric_id, start FROM {wanted})", buckets
    )
    return buckets


def roll_up(buckets: Collection[Bucket]) -> None:
    """Make these five-minute rollups, and the hours and days they are in, from what is stored."""
    zones = _day_zones({bucket.metric_id for bucket in buckets})
    hours = {Bucket(metric_id, hour := floor(start, HOUR), hour + HOUR) for metric_id, start, _ in buckets}
    days = {Bucket(metric_id, *day(start, zones[metric_id])) for metric_id, start, _ in buckets}
    fold(buckets, FiveMinuteRollup)
    fold(hours, HourlyRollup, FiveMinuteRollup)
    fold(days, DailyRollup, FiveMinuteRollup)


def _day_zones(metrics: Collection[int]) -> dict[int, tzinfo]:
    """Whose days the daily rollups of these metrics are: those of their project when the first is made.

    When the project's change, telemetry.recut follows.
    """
    rows = Metric.objects.filter(pk__in=metrics).values_list("pk", "day_zone", "device__project__time_zone")
    new: dict[str, list[int]] = {}
    zones: dict[int, tzinfo] = {}
    for pk, day_zone, of_project in rows:
        zones[pk] = ZoneInfo(day_zone or str(of_project))
        if not day_zone:
            new.setdefault(str(of_project), []).append(pk)
    for zone, pks in new.items():
        # Ingest may be at them too, in this order.
        locked = Metric.objects.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True)
        Metric.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).update(day_zone=zone)
    return zones


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
    WHERE reading.value IS NOT NULL {within}
"""
POINTS_OF_ROLLUPS = """
    SELECT wanted.metric_id, wanted.start, count, sum, min, max, first, last, increase, finer.start AS at
    FROM {wanted} JOIN {finer} finer
        ON finer.metric_id = wanted.metric_id AND finer.start >= wanted.start AND finer.start < wanted.finish
    WHERE true {within}
"""
# Said once more for all buckets together, PostgreSQL does not even plan for the other partitions. SQLite would look
# through all of it for each bucket.
WITHIN_ON_POSTGRESQL = "AND {time} >= %s AND {time} < %s"
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


def fold(buckets: Collection[Bucket], into: type[Rollup], finer: type[Rollup] | None = None) -> None:
    """Make the rollups of these buckets from finer ones, or (None) from the readings."""
    if not buckets:
        return
    points = POINTS_OF_ROLLUPS.replace("{finer}", finer._meta.db_table) if finer else POINTS_OF_READINGS
    within, bounds = "", []
    if connection.vendor == "postgresql":
        within = WITHIN_ON_POSTGRESQL.format(time="finer.start" if finer else "reading.time")
        bounds = [min(bucket.start for bucket in buckets), max(bucket.end for bucket in buckets)]
    points = points.replace("{within}", within)
    _execute(FOLD.format(table=into._meta.db_table, points=points), buckets, *bounds)


def _execute(statement: str, buckets: Collection[Bucket], *besides: datetime) -> None:
    """Execute a statement in which {wanted} stands for a table of the buckets, before the other parameters."""
    if not buckets:
        return
    adapt = connection.ops.adapt_datetimefield_value
    parameters: list[Any]
    if connection.vendor == "postgresql":
        wanted, parameters = WANTED_ON_POSTGRESQL, [array(column) for column in zip(*buckets, strict=True)]
    else:
        wanted = WANTED_ON_SQLITE
        parameters = [json.dumps([(pk, str(adapt(start)), str(adapt(end))) for pk, start, end in buckets])]
    with connection.cursor() as cursor:
        cursor.execute(statement.format(wanted=wanted), [*parameters, *map(adapt, besides)])
