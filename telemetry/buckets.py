"""Cut time into buckets of one width. Pure: no database, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

WIDTHS = {
    "1s": 1,
    "5s": 5,
    "10s": 10,
    "30s": 30,
    "1m": 60,
    "5m": 5 * 60,
    "15m": 15 * 60,
    "30m": 30 * 60,
    "1h": 3600,
    "3h": 3 * 3600,
    "6h": 6 * 3600,
    "12h": 12 * 3600,
    "1d": 24 * 3600,
}
# From here on people expect buckets to begin at midnight; narrower ones would fold the hour that comes twice in autumn.
BY_WALL_CLOCK = WIDTHS["3h"]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets of `width` seconds, numbered. From 3 hours on they follow the wall clock of `zone`: a day is as long
    as it was there, 23, 24 or 25 hours.
    """

    width: int
    zone: tzinfo

    def number(self, time: datetime) -> int:
        """Of the bucket that `time` is in."""
        return int(time.timestamp() + self._shift(time)) // self.width

    def begin(self, number: int) -> datetime:
        begin = datetime.fromtimestamp(number * self.width, UTC)
        return begin.replace(tzinfo=self.zone).astimezone(UTC) if self._by_wall_clock else begin

    def around(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """The same stretch of time, made longer until it holds whole buckets."""
        last = self.number(end)
        return self.begin(self.number(start)), end if self.begin(last) == end else self.begin(last + 1)

    def count(self, start: datetime, end: datetime) -> int:
        """How many buckets have a part in [start, end)."""
        return self.number(end) - self.number(start) + (self.begin(self.number(end)) != end)

    def shifts(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
        """What is to be added to seconds since 1970 before they are divided by the width: each (until, seconds)."""
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
        return int(offset.total_seconds()) if offset else 0

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

    Of a day when even those are more.
    """
    for width in WIDTHS.values():
        buckets = Buckets(width, zone)
        enough = width >= finest and (end - start).total_seconds() <= width * most
        if enough and buckets.count(start, end) <= most:
            return buckets
    return Buckets(WIDTHS["1d"], zone)
