"""What is kept of metrics in a stretch of time, and which store answers which part of it exactly.

Readings are kept for as long as their retention class says, rollups longer. A rollup that a reading has just arrived
for (DirtyBucket) does not speak until it is made anew: what it is made of does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from telemetry.buckets import DAY, Buckets
from telemetry.models import DailyRollup, DirtyBucket, FiveMinuteRollup, HourlyRollup, Metric, Reading
from telemetry.rollups import FIVE_MINUTES, day, floor

Model: TypeAlias = type[Reading] | type[FiveMinuteRollup] | type[HourlyRollup] | type[DailyRollup]
Stretch: TypeAlias = tuple[datetime, datetime]

# More stretches with dirty buckets than this are read as one.
MAX_DIRTY = 20
LOOK_BACK = (30 * DAY, None)
LONGEST_DAY = timedelta(hours=26)


class Store(NamedTuple):
    """One table, and how many seconds a point of it stands for."""

    model: Model
    width: int

    def bucket(self, at: datetime, zone: tzinfo) -> Stretch:
        """The bucket that a time is in; `zone` is whose days the daily rollups are."""
        if self is DAYS:
            return day(at, zone)
        width = timedelta(seconds=self.width)
        return (start := floor(at, width)), start + width

    @property
    def made_of(self) -> "Store":
        return READINGS if self is FIVES else FIVES


READINGS = Store(Reading, 1)
FIVES = Store(FiveMinuteRollup, 5 * 60)
HOURS = Store(HourlyRollup, 3600)
DAYS = Store(DailyRollup, 24 * 3600)
STORES = (READINGS, FIVES, HOURS, DAYS)


class Part(NamedTuple):
    """A stretch of time and the store that answers it."""

    store: Store
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one metric: the first point of each store in the stretch, and where rollups are not up to date."""

    metric: Metric
    zone: tzinfo  # whose days the daily rollups are
    firsts: tuple[datetime | None, ...] = (None,) * len(STORES)
    dirty: tuple[Stretch, ...] = ()
    at_least: int = 0  # so many readings are in the stretch, if not more

    @property
    def finest(self) -> int:
        """Width in seconds of the finest store from which nothing is missing; 1 for the readings."""
        store = READINGS
        while (further := self._reaches_further(store)) is not None:
            store = further
        return store.width

    def parts(self, buckets: Buckets, start: datetime, end: datetime) -> list[Part]:
        """For each part of the stretch the coarsest store that these buckets are made of exactly.

        Where that one is not kept any more, the next coarser that is: so far back nothing else is known.
        """
        parts: list[Part] = []
        store: Store | None = self._coarsest(buckets, start, end)
        while store is not None and start < end:
            further = self._reaches_further(store)
            first = self.firsts[STORES.index(store)]
            if further is None:
                begin = start
            else:
                begin = end if first is None else max(start, min(end, further.bucket(first, self.zone)[1]))
            parts = [*self._without_dirt(store, begin, end), *parts]
            store, end = further, begin
        return parts

    def former(self, start: datetime) -> tuple[datetime, float] | None:
        """The last number before `start`: of a reading or, where those are gone, of a rollup."""
        readings = Reading.objects.filter(metric_id=self.metric.pk, value__isnull=False)
        if reading := last_before(readings, start):
            return reading.time, float(reading.value or 0)
        for store in (FIVES, HOURS, DAYS):
            rollups: QuerySet[Any] = store.model._default_manager.filter(metric_id=self.metric.pk)
            before = rollups.filter(start__lt=store.bucket(start, self.zone)[0])
            if found := before.order_by("-start").values_list("start", "last").first():
                return found
        return None

    def _coarsest(self, buckets: Buckets, start: datetime, end: datetime) -> Store:
        if buckets.width >= DAYS.width and str(buckets.zone) == str(self.zone):
            return DAYS
        shifts = [shift for _, shift in buckets.shifts(start, end)]
        for store in (HOURS, FIVES):
            if not any(seconds % store.width for seconds in (buckets.width, *shifts)):
                return store
        return READINGS

    def _reaches_further(self, store: Store) -> Store | None:
        """The finest of the coarser stores that has something from before this one begins."""
        place = STORES.index(store)
        first = self.firsts[place]
        for coarser, begin in zip(STORES[place + 1 :], self.firsts[place + 1 :], strict=True):
            if begin is not None and (first is None or begin < coarser.bucket(first, self.zone)[0]):
                return coarser
        return None

    def _without_dirt(self, store: Store, start: datetime, end: datetime) -> Iterator[Part]:
        """The stretch from this store, but buckets that are not up to date from what they are made of."""
        at = start
        for dirty_start, dirty_end in self._dirty_buckets(store, start, end):
            if at < dirty_start:
                yield Part(store, at, dirty_start)
            yield from self._without_dirt(store.made_of, dirty_start, dirty_end)
            at = dirty_end
        if at < end:
            yield Part(store, at, end)

    def _dirty_buckets(self, store: Store, start: datetime, end: datetime) -> list[Stretch]:
        if store is READINGS:
            return []
        inside = [(max(start, first), min(end, last)) for first, last in self.dirty if first < end and last > start]
        whole = (
            (store.bucket(first, self.zone)[0], store.bucket(last - FIVE_MINUTES, self.zone)[1])
            for first, last in inside
        )
        return [(max(start, first), min(end, last)) for first, last in joined(whole)]


def last_before(readings: QuerySet[Reading], start: datetime) -> Reading | None:
    """The last of these readings before a time. Near ones first: each day further back is one more partition."""
    for back in LOOK_BACK:
        found = readings.filter(time__lt=start)
        if back is not None:
            found = found.filter(time__gte=start - back)
        if reading := found.order_by("-time").first():
            return reading
    return None


def look_up(metrics: Sequence[Metric], start: datetime, end: datetime) -> list[Kept]:
    """What is kept of these metrics between two times."""
    by_zone = sorted(metrics, key=day_zone)
    found = {
        pk: what
        for zone, same in groupby(by_zone, key=day_zone)
        for pk, what in _firsts([metric.pk for metric in same if metric.pk], start, end, ZoneInfo(zone)).items()
    }
    dirty = _dirty(list(found), start, end)
    return [
        Kept(metric, ZoneInfo(day_zone(metric)), firsts, dirty.get(metric.pk, ()), at_least)
        for metric in metrics
        for firsts, at_least in (found.get(metric.pk, ((None,) * len(STORES), 0)),)
    ]


def day_zone(metric: Metric) -> str:
    """The zone whose days its daily rollups are: for a while still the former one when its project's has changed."""
    return metric.day_zone or str(metric.device.project.time_zone)


def _firsts(
    pks: Sequence[int], start: datetime, end: datetime, zone: tzinfo
) -> dict[int, tuple[tuple[datetime | None, ...], int]]:
    since, until = day(start, zone)[0], day(end, zone)[1]  # boundaries of every store
    firsts = {}
    for store in STORES:
        time = "time" if store is READINGS else "start"
        points = store.model._default_manager.filter(
            metric=OuterRef("pk"), **{f"{time}__gte": since, f"{time}__lt": until}
        )
        firsts[f"first_{store.width}"] = Subquery(points.order_by(time).values(time)[:1])
    days = DailyRollup.objects.filter(metric=OuterRef("pk"), start__gte=start, start__lte=end - LONGEST_DAY)
    counts = days.order_by().values("metric").annotate(readings=Sum("count")).values("readings")
    rows = (
        Metric.objects.filter(pk__in=pks).order_by().annotate(**firsts, at_least=Subquery(counts))
        .values_list("pk", "at_least", *firsts)
    )  # fmt: skip
    return {pk: (tuple(times), at_least or 0) for pk, at_least, *times in rows}


def _dirty(pks: Sequence[int], start: datetime, end: datetime) -> dict[int, tuple[Stretch, ...]]:
    marks = (
        DirtyBucket.objects.filter(metric_id__in=pks, start__gte=floor(start, FIVE_MINUTES), start__lt=end)
        .order_by("metric_id", "start")
        .values_list("metric_id", "start")
    )
    found = {}
    for pk, same in groupby(marks, key=lambda mark: mark[0]):
        dirty = list(joined((at, at + FIVE_MINUTES) for _, at in same))
        found[pk] = tuple(dirty) if len(dirty) <= MAX_DIRTY else ((dirty[0][0], dirty[-1][1]),)
    return found


def joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Stretches in their order, those that touch or overlap as one."""
    former: Stretch | None = None
    for start, end in stretches:
        if former is not None and start <= former[1]:
            former = former[0], max(former[1], end)
        else:
            if former is not None:
                yield former
            former = start, end
    if former is not None:
        yield former
