"""What metrics of a device were over a stretch of time: one function for pages, REST and reports.

The figures come from the coarsest store that answers exactly: rollups, and readings where those are finer than any
rollup or where rollups are about to be made anew (telemetry.rollups).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Max, Q, Window
from django.db.models.functions import Lag

from devices.models import Device, MetricDefinition, MetricKind, ValueType
from telemetry.buckets import WIDTHS, Buckets, fitting
from telemetry.kept import Kept, look_up
from telemetry.models import Metric, Reading

POINTS = 500
MIN_POINTS = 10
MAX_POINTS = 5000
MAX_METRICS = 10
LONGEST = timedelta(days=MAX_POINTS)

# [milliseconds since 1970, value, lowest, highest], [milliseconds, value] or [milliseconds, text]
Point: TypeAlias = list[float | str | None]


class Aggregate(models.TextChoices):
    """What one bucket says of the readings in it."""

    AVG = "avg", "Mean"
    MIN = "min", "Lowest"
    MAX = "max", "Highest"
    LAST = "last", "Last"
    SUM = "sum", "Sum"
    COUNT = "count", "Number of readings"
    DELTA = "delta", "Increase of a counter, also across restarts at zero"


# These say something of one reading too, so few readings are given as they are.
OF_ONE_READING = {Aggregate.AVG, Aggregate.MIN, Aggregate.MAX, Aggregate.LAST}


@dataclass(frozen=True, slots=True)
class Series:
    """One metric. `raw` points are single readings; of texts there are only the changes, the first one at the start."""

    label: str
    unit: str
    value_type: str
    kind: str
    raw: bool
    points: list[Point]


@dataclass(frozen=True, slots=True)
class History:
    device_id: str
    start: datetime
    end: datetime
    interval: int
    agg: str
    time_zone: tzinfo
    series: dict[str, Series]


def history(
    device: Device,
    metrics: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    points: int = POINTS,
    interval: str | None = None,
    agg: str = Aggregate.AVG,
    time_zone: tzinfo | None = None,
) -> History:
    """The metrics with these keys from `start` up to `end`, in at most `points` points each or in buckets of
    `interval`.

    Where there are no more readings than points they come as they are; else one point a bucket that holds any, with
    the lowest and the highest reading, so that no spike is lost. Buckets that `start` or `end` cut into are whole.
    Days begin at midnight in `time_zone`, by default the project's. ValidationError says what cannot be answered.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)  # on a wall clock differences would be wrong
    _check_range(start, end)
    zone = time_zone or device.project.time_zone
    all_kept = look_up(_metrics(device, metrics, agg), start, end, device.project.time_zone)
    finest = max(kept.finest for kept in all_kept)
    buckets = Buckets(WIDTHS[interval], zone) if interval else fitting(start, end, points, zone, finest)
    if interval and buckets.count(start, end) > MAX_POINTS:
        raise ValidationError({"interval": f"That makes more than {MAX_POINTS:,} points. Choose a longer interval."})
    if buckets.width < finest:
        raise ValidationError({"interval": f"So far back only steps of {finest:,} seconds are kept."})
    few = 0 if interval or finest > 1 or agg not in OF_ONE_READING else points
    series = {}
    for kept in all_kept:
        metric = kept.metric
        raw, found = _points(kept, start, end, few, buckets, agg)
        series[metric.key] = Series(metric.label, metric.unit, metric.value_type, metric.kind, raw, found)
    return History(device.device_id, start, end, buckets.width, agg, zone, series)


def _check_range(start: datetime, end: datetime) -> None:
    if start >= end:
        raise ValidationError({"from": "It must be before `to`."})
    if end - start > LONGEST:
        raise ValidationError({"from": f"At most {LONGEST.days:,} days at once."})


def _metrics(device: Device, keys: Sequence[str], agg: str) -> list[Metric]:
    """The device's metrics with these keys. Those its type defines exist before their first value, unsaved."""
    wanted = list(dict.fromkeys(keys))
    if not 0 < len(wanted) <= MAX_METRICS:
        raise ValidationError({"metrics": f"From one to {MAX_METRICS} metrics, separated by commas."})
    known = {
        definition.key: Metric(
            device=device,
            key=definition.key,
            label=definition.label,
            unit=definition.unit,
            value_type=definition.value_type,
            kind=definition.kind,
        )
        for definition in MetricDefinition.objects.filter(device_type=device.device_type_id)
    }
    known |= {metric.key: metric for metric in Metric.objects.filter(device=device)}
    if unknown := [key for key in wanted if key not in known]:
        names = ", ".join(sorted(known)) or "none yet"
        raise ValidationError({"metrics": f"{device.device_id} has no {', '.join(unknown)}. It has: {names}."})
    metrics = [known[key] for key in wanted]
    if agg == Aggregate.DELTA and (
        others := [metric.key for metric in metrics if metric.kind != MetricKind.TOTAL_INCREASING]
    ):
        raise ValidationError({"agg": f"Only counters have an increase; {', '.join(others)} is none."})
    return metrics


def _points(
    kept: Kept, start: datetime, end: datetime, few: int, buckets: Buckets, agg: str
) -> tuple[bool, list[Point]]:
    if kept.metric.value_type == ValueType.TEXT:
        return True, _changes(kept.metric, start, end)
    readings = list(_numbers(kept.metric, start, end)[: few + 1]) if few else []
    if few and len(readings) <= few:
        return True, [[_milliseconds(time), value, value, value] for time, value in readings]
    return False, _aggregated(kept, start, end, buckets, agg)


def _numbers(metric: Metric, start: datetime, end: datetime) -> models.QuerySet[Reading, tuple[datetime, float | None]]:
    readings = Reading.objects.filter(metric_id=metric.pk, time__gte=start, time__lt=end, value__isnull=False)
    return readings.order_by("time").values_list("time", "value")


def _changes(metric: Metric, start: datetime, end: datetime) -> list[Point]:
    """The text that held at the start and the latest MAX_POINTS changes after it."""
    texts = Reading.objects.filter(metric_id=metric.pk, text__isnull=False)
    before = texts.filter(time__lt=start).aggregate(Max("time"))["time__max"]
    # From the reading before on, so that a first one that repeats it is no change.
    changes = (
        texts.filter(time__gte=before or start, time__lt=end)
        .annotate(former=Window(Lag("text"), order_by="time"))
        .filter(Q(former=None) | ~Q(text=F("former")))
        .order_by("-time")
        .values_list("time", "text")[:MAX_POINTS]
    )
    return [[_milliseconds(max(time, start)), text] for time, text in reversed(changes)]


# A reading is a point whose figures are all its value.
POINTS_OF_READINGS = """
    SELECT time, 1 AS count, value AS sum, value AS min, value AS max, value AS first, value AS last, 0.0 AS increase
    FROM telemetry_reading WHERE metric_id = %s AND time >= %s AND time < %s AND value IS NOT NULL
"""
POINTS_OF_ROLLUPS = """
    SELECT start AS time, count, sum, min, max, first, last, increase
    FROM {table} WHERE metric_id = %s AND start >= %s AND start < %s
"""
BINNED = """
    WITH point AS ({points}), binned AS (SELECT *, ({epoch} + {shift}) / {width} AS bucket FROM point)
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
# A counter that has fallen started again at zero.
INCREASE_PER_BUCKET = """
    SELECT bucket, sum(increase + CASE WHEN former IS NULL THEN 0 WHEN first < former THEN first
                                       ELSE first - former END)
    FROM (SELECT *, lag(last) OVER (ORDER BY time) AS former FROM binned) AS steps
    WHERE former IS NOT NULL OR count > 1 GROUP BY bucket ORDER BY bucket
"""
STATEMENTS = {
    Aggregate.AVG: PER_BUCKET.format(aggregate="sum(sum) / sum(count), min(min), max(max)"),
    Aggregate.MIN: PER_BUCKET.format(aggregate="min(min), min(min), max(max)"),
    Aggregate.MAX: PER_BUCKET.format(aggregate="max(max), min(min), max(max)"),
    Aggregate.LAST: LAST_PER_BUCKET,
    Aggregate.SUM: PER_BUCKET.format(aggregate="sum(sum)"),
    Aggregate.COUNT: PER_BUCKET.format(aggregate="sum(count)"),
    Aggregate.DELTA: INCREASE_PER_BUCKET,
}
EPOCH = {"sqlite": "unixepoch(time)", "postgresql": "floor(date_part('epoch', time))::bigint"}


def _aggregated(kept: Kept, start: datetime, end: datetime, buckets: Buckets, agg: str) -> list[Point]:
    start, end = buckets.around(start, end)
    first = buckets.number(start)
    rollup = kept.rollup(buckets, start, end)
    # Where rollups are about to be made anew, from the first such bucket on, the readings themselves are asked.
    dirty_from = kept.dirty_from(None if agg == Aggregate.DELTA else start)
    if rollup is None:
        middle = start
    elif dirty_from is None or dirty_from >= end:
        middle = end
    else:
        middle = max(start, buckets.begin(buckets.number(dirty_from)))
    if agg == Aggregate.DELTA:
        # The first increase is the one since the point before.
        if middle > start:
            start = kept.last_before(rollup, start) or start
        else:
            middle = start = kept.last_before(None, start) or start
    points, parameters = [], []
    if rollup is not None and middle > start:
        points.append(POINTS_OF_ROLLUPS.format(table=rollup._meta.db_table))
        parameters += [kept.metric.pk, start, middle]
    if middle < end:
        points.append(POINTS_OF_READINGS)
        parameters += [kept.metric.pk, middle, end]
    *changes, (_, shift) = buckets.shifts(start, end)
    cases = "".join(f" WHEN time < %s THEN {seconds}" for _, seconds in changes)
    binned = BINNED.format(
        points=" UNION ALL ".join(points),
        epoch=EPOCH[connection.vendor],
        shift=f"CASE{cases} ELSE {shift} END" if changes else shift,
        width=buckets.width,
    )
    adapt = connection.ops.adapt_datetimefield_value
    values: list[Any] = [
        adapt(value) if isinstance(value, datetime) else value
        for value in [*parameters, *(until for until, _ in changes)]
    ]
    with connection.cursor() as cursor:
        cursor.execute(binned + STATEMENTS[Aggregate(agg)], values)
        rows = cursor.fetchall()
    return [[_milliseconds(buckets.begin(number)), *figures] for number, *figures in rows if number >= first]


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
