"""What metrics were over a stretch of time: one verb for pages, REST and reports.

The figures come from the coarsest stores that answer exactly (telemetry.kept, telemetry.aggregates). Readings as they
are, however many there are, come from telemetry.raw.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value, Window
from django.db.models.functions import Lag
from django.utils import timezone

from devices.models import Device, ValueType
from telemetry.aggregates import COUNTERS, OF_COUNTERS, OF_ONE_READING, Aggregate, aggregate, summed
from telemetry.buckets import INTERVALS, Buckets, fitting
from telemetry.chosen import choose
from telemetry.kept import Kept, last_before, look_up
from telemetry.lttb import pick
from telemetry.models import Metric, Reading
from telemetry.version import version

POINTS = 500
MIN_POINTS = 10
MAX_POINTS = 5000
MAX_POINTS_IN_ALL = 50_000
MAX_PICKED_FROM = 250_000
LONGEST = timedelta(days=5000)

# [milliseconds since 1970, value, lowest, highest], [milliseconds, value] or [milliseconds, text]
Point: TypeAlias = list[float | str | None]
Row: TypeAlias = tuple[Any, ...]  # number of a bucket, figures


class Fill(models.TextChoices):
    """What stands for a bucket without a reading."""

    NONE = "none", "Nothing: the point is absent"
    NULL = "null", "A point without a value"
    PREVIOUS = "previous", "A point with the value before it"


class Downsample(models.TextChoices):
    """How many readings become few points."""

    ENVELOPE = "envelope", "One point for each interval, with the lowest and the highest reading in it"
    LTTB = "lttb", "The readings that show the shape best, with the lowest and the highest around each"


@dataclass(frozen=True, slots=True)
class Question:
    """How the history of a stretch of time is wanted: in at most `points` points or in buckets of `interval`.

    Days, weeks, months and years begin at midnight in `time_zone`, by default the project's.
    """

    start: datetime
    end: datetime
    points: int = POINTS
    interval: str | None = None
    agg: str = Aggregate.AVG
    fill: str = Fill.NONE
    downsample: str = Downsample.ENVELOPE
    time_zone: tzinfo | None = None

    def check(self, metrics: Sequence[Metric]) -> None:
        """ValidationError says what cannot be answered for these metrics, and what to ask instead."""
        check_range(self.start, self.end)
        if self.agg in OF_COUNTERS and (
            others := {metric.key: None for metric in metrics if metric.kind not in COUNTERS}
        ):
            raise ValidationError({"agg": f"Only counters and totals have a {self.agg}; {', '.join(others)} is none."})
        if self.fill == Fill.PREVIOUS and self.agg not in OF_ONE_READING:
            raise ValidationError({"fill": f"There is no {self.agg} to carry on. Use null, or none."})
        if self.downsample == Downsample.LTTB and (
            self.interval or self.fill != Fill.NONE or self.agg != Aggregate.AVG
        ):
            raise ValidationError(
                {"downsample": "lttb picks readings: leave out `interval`, `agg` and `fill`, or lttb."}
            )
        if self.points > (most := MAX_POINTS_IN_ALL // len(metrics)):
            raise ValidationError({"points": f"At most {most:,} each for {len(metrics)} series; or ask for fewer."})

    @property
    def readings_will_do(self) -> bool:
        """Whether readings may be given as they are when they are few."""
        return not self.interval and self.fill == Fill.NONE and self.agg in OF_ONE_READING


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
    interval: int  # 0 and no `agg`: readings as they are (telemetry.raw)
    agg: str | None
    time_zone: tzinfo
    series: dict[str, Series]


@dataclass(frozen=True, slots=True)
class Totals:
    """What all readings of a metric say together."""

    count: int
    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that can be answered: what of, in which buckets, and what is kept to fill them from."""

    question: Question
    devices: Sequence[Device]
    zone: tzinfo
    buckets: Buckets
    kept: Sequence[Sequence[Kept]]  # of each device

    @property
    def is_closed(self) -> bool:
        """Whether all its buckets are over: then only late data can change the answer."""
        return self._around[1] <= timezone.now()

    def version(self) -> str:
        """The same as long as the answer is, if it is closed."""
        every_kept = [kept for of_device in self.kept for kept in of_device]
        former = self.question.agg in OF_COUNTERS or self.question.fill == Fill.PREVIOUS
        return version(every_kept, *self._around, self.question, str(self.zone), former=former)

    def answer(self) -> list[History]:
        """The history of each device."""
        return [
            History(
                device.device_id,
                self.question.start,
                self.question.end,
                self.buckets.width,
                self.question.agg,
                self.zone,
                {kept.metric.key: _series(kept, self.question, self.buckets) for kept in of_device},
            )
            for device, of_device in zip(self.devices, self.kept, strict=True)
        ]

    def totals(self) -> list[dict[str, Totals]]:
        """Of each device and key, over all of its buckets; numbers that were sent alone."""
        return [
            {
                kept.metric.key: Totals(int(row[0]), row[1] / row[0], row[2], row[3])
                for kept in of_device
                if kept.metric.value_type == ValueType.NUMBER and (row := summed(kept, self.buckets, *self._around))
            }
            for of_device in self.kept
        ]

    @property
    def _around(self) -> tuple[datetime, datetime]:
        return self.buckets.around(self.question.start, self.question.end)


def history(device: Device, metrics: Sequence[str], start: datetime, end: datetime, **how: Any) -> History:
    """The metrics of one device with these keys; `how` is what else a Question says."""
    return ask([device], metrics, Question(start, end, **how)).answer()[0]


def ask(devices: Sequence[Device], metrics: Sequence[str], question: Question) -> Asked:
    """Of each device the metrics with these keys, cut into the same buckets.

    Where there are no more readings than points they come as they are; else one point a bucket that holds any, with
    the lowest and the highest reading, so that no spike is lost. Buckets that start or end cut into are whole.
    ValidationError says what cannot be answered.
    """
    # On a wall clock differences would be wrong.
    question = replace(question, start=question.start.astimezone(UTC), end=question.end.astimezone(UTC))
    chosen = choose(devices, metrics)
    every_metric = [metric for of_device in chosen for metric in of_device]
    question.check(every_metric)
    zone = question.time_zone or zone_of(devices)
    buckets, every_kept = _cut(every_metric, question, zone)
    found = iter(every_kept)
    return Asked(question, devices, zone, buckets, [[next(found) for _ in of_device] for of_device in chosen])


def zone_of(devices: Iterable[Device]) -> tzinfo:
    """The time zone of their project; UTC if they are of several that differ."""
    zones = {str(device.project.time_zone): device.project.time_zone for device in devices}
    return zones.popitem()[1] if len(zones) == 1 else UTC


def check_range(start: datetime, end: datetime) -> None:
    if start >= end:
        raise ValidationError({"from": "It must be before `to`."})
    if end - start > LONGEST:
        raise ValidationError({"from": f"At most {LONGEST.days:,} days at once."})


def milliseconds(time: datetime) -> float:
    """Since 1970. Whole if they are: readings are stored to the microsecond."""
    microseconds = round(time.timestamp() * 1_000_000)
    return microseconds / 1000 if microseconds % 1000 else microseconds // 1000


def _cut(metrics: Sequence[Metric], question: Question, zone: tzinfo) -> tuple[Buckets, list[Kept]]:
    """The buckets to answer in, and what is kept to fill them from."""
    start, end = question.start, question.end
    if question.interval:
        buckets = Buckets(INTERVALS[question.interval], zone)
        if buckets.count(start, end) > (most := min(MAX_POINTS, MAX_POINTS_IN_ALL // len(metrics))):
            raise ValidationError({"interval": f"That makes more than {most:,} points. Choose a longer interval."})
    else:
        buckets = fitting(start, end, question.points, zone)
    every_kept = look_up(metrics, *buckets.around(start, end))
    finest = max(kept.finest for kept in every_kept)
    if finest <= buckets.width:
        return buckets, every_kept
    if question.interval:
        raise ValidationError({"interval": f"So far back only steps of {finest:,} seconds are kept."})
    buckets = fitting(start, end, question.points, zone, finest)
    return buckets, look_up(metrics, *buckets.around(start, end))


def _series(kept: Kept, question: Question, buckets: Buckets) -> Series:
    metric = kept.metric
    points = None
    if metric.value_type == ValueType.TEXT:
        points = _changes(metric, question)
    elif question.downsample == Downsample.LTTB:
        points = _picked(kept, question)
    elif question.readings_will_do and kept.finest == 1 and kept.at_least <= question.points:
        points = _readings(metric, question)
    if points is not None:
        return series_of(metric, points)
    return series_of(metric, _aggregated(kept, question, buckets), raw=False)


def series_of(metric: Metric, points: list[Point], *, raw: bool = True) -> Series:
    return Series(metric.label, metric.unit, metric.value_type, metric.kind, raw, points)


def _changes(metric: Metric, question: Question) -> list[Point]:
    """The text that held at the start and the changes after it, MAX_POINTS at most and the latest."""
    texts = Reading.objects.filter(metric_id=metric.pk, text__isnull=False)
    before = last_before(texts, question.start)
    changes = (
        texts.filter(time__gte=question.start, time__lt=question.end)
        .annotate(former=Window(Lag("text", default=Value(before.text) if before else None), order_by="time"))
        .filter(Q(former=None) | ~Q(text=F("former")))
        .order_by("-time")
        .values_list("time", "text")[:MAX_POINTS]
    )
    found: list[Point] = [[milliseconds(time), text] for time, text in reversed(changes)]
    return [[milliseconds(question.start), before.text], *found][-MAX_POINTS:] if before else found


def _readings(metric: Metric, question: Question) -> list[Point] | None:
    """The readings as they are; None if they are more than the points asked for."""
    readings = list(_numbers(metric, question)[: question.points + 1])
    if len(readings) > question.points:
        return None
    return [[milliseconds(time), value, value, value] for time, value in readings]


def _picked(kept: Kept, question: Question) -> list[Point]:
    if kept.finest > 1:
        raise ValidationError({"downsample": f"So far back there are only steps of {kept.finest:,} seconds: no lttb."})
    readings = list(_numbers(kept.metric, question)[: MAX_PICKED_FROM + 1])
    if len(readings) > MAX_PICKED_FROM:
        raise ValidationError(
            {"downsample": f"lttb takes {MAX_PICKED_FROM:,} readings at most. Choose a shorter range."}
        )
    times, values = [time.timestamp() for time, _ in readings], [value for _, value in readings]
    return [
        [milliseconds(readings[place][0]), values[place], lowest, highest]
        for place, lowest, highest in pick(times, values, question.points)
    ]


def _numbers(metric: Metric, question: Question) -> models.QuerySet[Reading, tuple[datetime, float]]:
    readings: Any = Reading.objects.filter(metric_id=metric.pk, value__isnull=False)
    return (
        readings.filter(time__gte=question.start, time__lt=question.end).order_by("time").values_list("time", "value")
    )


def _aggregated(kept: Kept, question: Question, buckets: Buckets) -> list[Point]:
    start, end = buckets.around(question.start, question.end)
    rows: list[Row] = aggregate(kept, buckets, start, end, question.agg)
    if question.agg == Aggregate.RATE:
        rows = [(number, change / _seconds(buckets, number)) for number, change in rows]
    if question.fill != Fill.NONE:
        former = kept.former(start) if question.fill == Fill.PREVIOUS else None
        rows = _filled(rows, question, buckets, range(buckets.number(start), buckets.number(end)), former and former[1])
    return [[milliseconds(buckets.begin(number)), *figures] for number, *figures in rows]


def _seconds(buckets: Buckets, number: int) -> float:
    """How long a bucket is; of one that is not over, how long it has lasted."""
    begin, end = buckets.begin(number), buckets.begin(number + 1)
    return max(1.0, (min(end, timezone.now()) - begin).total_seconds())


def _filled(rows: Sequence[Row], question: Question, buckets: Buckets, numbers: range, held: float | None) -> list[Row]:
    """A row for each of the numbers. What is to come is not known: nothing is carried on beyond now."""
    known = {number: figures for number, *figures in rows}
    extremes = [None, None] if question.agg in OF_ONE_READING else []
    now = buckets.number(timezone.now())
    filled: list[Row] = []
    for number in numbers:
        if (figures := known.get(number)) is None:
            figures = [held if question.fill == Fill.PREVIOUS and number <= now else None, *extremes]
        else:
            held = figures[0]
        filled.append((number, *figures))
    return filled
