"""Cut time into buckets of one interval. Pure: no database, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

DAY = timedelta(days=1)
DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Interval:
    """So many seconds, or so many months: then `seconds` is what the longest of them has.

    `origin` is added before seconds are counted: 1970 began on a Thursday, and weeks begin on Mondays.
    """

    name: str
    seconds: int
    months: int = 0
    origin: int = 0


INTERVALS = {
    interval.name: interval
    for interval in (
        Interval("1s", 1),
        Interval("5s", 5),
        Interval("10s", 10),
        Interval("30s", 30),
        Interval("1m", 60),
        Interval("5m", 5 * 60),
        Interval("15m", 15 * 60),
        Interval("30m", 30 * 60),
        Interval("1h", 3600),
        Interval("3h", 3 * 3600),
        Interval("6h", 6 * 3600),
        Interval("12h", 12 * 3600),
        Interval("1d", DAY_SECONDS),
        Interval("1w", 7 * DAY_SECONDS, origin=3 * DAY_SECONDS),
        Interval("1mo", 31 * DAY_SECONDS, months=1),
        Interval("1y", 366 * DAY_SECONDS, months=12),
    )
}
WIDEST = INTERVALS["1y"]
# From here on people expect buckets to begin at midnight; narrower ones would fold the hour that comes twice in autumn.
BY_WALL_CLOCK = INTERVALS["3h"].seconds


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets of one interval, numbered. From 3 hours on they follow the wall clock of `zone`: a day is as long as it
    was there, 23, 24 or 25 hours.
    """

    interval: Interval
    zone: tzinfo

    @property
    def width(self) -> int:
        """Seconds of the longest bucket, but for days in which the clocks are changed."""
        return self.interval.seconds

    def number(self, time: datetime) -> int:
        """Of the bucket that `time` is in."""
        if self.interval.months:
            local = time.astimezone(self.zone)
            return (local.year * 12 + local.month - 1) // self.interval.months
        return int(time.timestamp() + self._shift(time)) // self.interval.seconds

    def begin(self, number: int) -> datetime:
        if self.interval.months:
            year, month = divmod(number * self.interval.months, 12)
            return datetime(year, month + 1, 1, tzinfo=self.zone).astimezone(UTC)
        begin = datetime.fromtimestamp(number * self.interval.seconds - self.interval.origin, UTC)
        return begin.replace(tzinfo=self.zone).astimezone(UTC) if self._by_wall_clock else begin

    def around(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """The same stretch of time, made longer until it holds whole buckets."""
        last = self.number(end)
        return self.begin(self.number(start)), end if self.begin(last) == end else self.begin(last + 1)

    def count(self, start: datetime, end: datetime) -> int:
        """How many buckets have a part in [start, end)."""
        return self.number(end) - self.number(start) + (self.begin(self.number(end)) != end)

    def shifts(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
        """What is to be added to seconds since 1970 before they are counted: each (until, seconds)."""
        time, shift = start, self._shift(start)
        while time < end:
            later = min(time + DAY, end)
            if (later_shift := self._shift(later)) != shift:
                yield self._change(time, later), shift
                shift = later_shift
            time = later
        yield end, shift

    @property
    def _by_wall_clock(self) -> bool:
        return self.width >= BY_WALL_CLOCK

    def _shift(self, time: datetime) -> int:
        if not self._by_wall_clock:
            return 0
        offset = time.astimezone(self.zone).utcoffset()
        return self.interval.origin + (int(offset.total_seconds()) if offset else 0)

    def _change(self, before: datetime, after: datetime) -> datetime:
        """When the clocks were changed between two times."""
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) / 2
            if self._shift(middle) == self._shift(before):
                before = middle
            else:
                after = middle
        return after.replace(microsecond=0)


def fitting(start: datetime, end: datetime, most: int, zone: tzinfo, finest: int = 1) -> Buckets:
    """The narrowest buckets, `finest` seconds or wider, of which at most `most` cover [start, end).

    Of a year when even those are more.
    """
    for interval in INTERVALS.values():
        buckets = Buckets(interval, zone)
        enough = interval.seconds >= finest and (end - start).total_seconds() <= interval.seconds * most
        if enough and buckets.count(start, end) <= most:
            return buckets
    return Buckets(WIDEST, zone)
