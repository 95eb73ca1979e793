"""What is kept of metrics in a stretch of time: readings for as long as their retention class says, rollups longer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TypeAlias

from django.db import models
from django.db.models import Max, OuterRef, Subquery

from telemetry.buckets import WIDTHS, Buckets
from telemetry.models import DailyRollup, DirtyBucket, FiveMinuteRollup, HourlyRollup, Metric, Reading
from telemetry.rollups import FIVE_MINUTES, day, floor

AnyRollup: TypeAlias = type[FiveMinuteRollup] | type[HourlyRollup] | type[DailyRollup]


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one metric, with the first point of each store in the stretch."""

    metric: Metric
    zone: tzinfo  # whose days the daily rollups are
    reading: datetime | None = None
    five_minutes: datetime | None = None
    hour: datetime | None = None
    day: datetime | None = None

    @property
    def finest(self) -> int:
        """Width in seconds of the finest store from which nothing is missing; 1 for the readings."""
        stores = [
            (WIDTHS["1s"], self.reading),
            (WIDTHS["5m"], self.five_minutes),
            (WIDTHS["1h"], self.hour),
            (WIDTHS["1d"], self.day),
        ]
        while len(stores) > 1 and any(self._begins_before(coarser, stores[0][1]) for coarser in stores[1:]):
            stores.pop(0)
        return stores[0][0]

    def _begins_before(self, store: tuple[int, datetime | None], first: datetime | None) -> bool:
        width, begin = store
        if begin is None:
            return False
        if first is None:
            return True
        bucket = day(first, self.zone)[0] if width == WIDTHS["1d"] else floor(first, timedelta(seconds=width))
        return begin < bucket

    def rollup(self, buckets: Buckets, start: datetime, end: datetime) -> AnyRollup | None:
        """The coarsest rollup that these buckets are made of exactly; None if they need the readings."""
        if buckets.width % WIDTHS["1d"] == 0 and str(buckets.zone) == str(self.zone):
            return DailyRollup
        shifts = [shift for _, shift in buckets.shifts(start, end)]
        for rollup, width in ((HourlyRollup, WIDTHS["1h"]), (FiveMinuteRollup, WIDTHS["5m"])):
            if not any(seconds % width for seconds in (buckets.width, *shifts)):
                return rollup
        return None

    def dirty_from(self, since: datetime | None) -> datetime | None:
        """The first five minutes (from `since` on) whose rollups do not say what is stored yet."""
        marks = DirtyBucket.objects.filter(metric_id=self.metric.pk)
        if since is not None:
            marks = marks.filter(start__gte=floor(since, FIVE_MINUTES))
        return marks.aggregate(first=models.Min("start"))["first"]

    def last_before(self, rollup: AnyRollup | None, start: datetime) -> datetime | None:
        """When the last point before `start` was, in the rollups or (None) the readings."""
        if rollup is None:
            readings = Reading.objects.filter(metric_id=self.metric.pk, time__lt=start, value__isnull=False)
            return readings.aggregate(last=Max("time"))["last"]
        rollups = rollup.objects.filter(metric_id=self.metric.pk, start__lt=start)
        return rollups.aggregate(last=Max("start"))["last"]


def look_up(metrics: Sequence[Metric], start: datetime, end: datetime, zone: tzinfo) -> list[Kept]:
    """What is kept of these metrics between two times; `zone` is their project's."""
    since = day(start, zone)[0]  # a boundary of every store
    first_reading = Reading.objects.filter(metric=OuterRef("pk"), time__gte=since, time__lt=end).order_by("time")
    firsts = {"first_reading": Subquery(first_reading.values("time")[:1])}
    for name, rollup in (("five_minutes", FiveMinuteRollup), ("hour", HourlyRollup), ("day", DailyRollup)):
        first = rollup.objects.filter(metric=OuterRef("pk"), start__gte=since, start__lt=end).order_by("start")
        firsts[f"first_{name}"] = Subquery(first.values("start")[:1])
    saved = Metric.objects.filter(pk__in=[metric.pk for metric in metrics if metric.pk]).order_by()
    found = {pk: times for pk, *times in saved.annotate(**firsts).values_list("pk", *firsts)}
    return [Kept(metric, zone, *found.get(metric.pk, ())) for metric in metrics]
