"""How completely a device has sent: a pure computation on how many messages there were in each five minutes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from telemetry.rollups import FIVE_MINUTES

HOUR = timedelta(hours=1)
MESSAGES_OF_WINDOW = 10


@dataclass(frozen=True, slots=True)
class Gap:
    """Silence for longer than it should be, to the next five minutes."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Coverage:
    """What came of what should have come. `completeness` is between 0 and 1; None where nothing was to be expected.

    `interval`: how often messages came where there were any; None of fewer than two.
    """

    expected: int
    received: int
    completeness: float | None
    interval: timedelta | None
    gaps: Sequence[Gap]


def coverage(counts: Iterable[tuple[datetime, int]], every: timedelta, start: datetime, end: datetime) -> Coverage:
    """Judge how many messages each five minutes have (by their start), where one is due `every` so often.

    It is complete where every window of time (an hour, or ten intervals if that is more) has as many messages as it
    should: what comes too much in one window makes up for nothing in another.
    """
    points = sorted((at, count) for at, count in counts if count and start <= at + FIVE_MINUTES and at < end)
    if end <= start:
        return Coverage(0, 0, None, None, [])
    window = max(HOUR, MESSAGES_OF_WINDOW * every)
    found: Counter[int] = Counter()
    for at, count in points:
        found[max(0, (at - start) // window)] += count
    expected = complete = 0.0
    for number in range(-(-(end - start) // window)):
        due = (min(end, start + (number + 1) * window) - start - number * window) / every
        expected += due
        complete += min(float(found[number]), due)
    received = sum(count for _, count in points)
    gaps = _gaps([at for at, _ in points], every, start, end)
    return Coverage(
        expected=round(expected),
        received=received,
        completeness=complete / expected,
        interval=_interval(points, received, gaps),
        gaps=gaps,
    )


def _gaps(times: Sequence[datetime], every: timedelta, start: datetime, end: datetime) -> list[Gap]:
    tolerated = max(FIVE_MINUTES, 2 * every)
    edges = [start, *(edge for at in times for edge in (at, at + FIVE_MINUTES)), end]
    silences = zip(edges[::2], edges[1::2], strict=True)
    return [Gap(before, after) for before, after in silences if after - before >= tolerated]


def _interval(points: Sequence[tuple[datetime, int]], received: int, gaps: Sequence[Gap]) -> timedelta | None:
    if received < 2:
        return None
    first, last = points[0][0], points[-1][0]
    silent = sum((gap.length for gap in gaps if first < gap.start and gap.end <= last), timedelta())
    if received > len(points):
        return (last + FIVE_MINUTES - first - silent) / received
    return (last - first - silent) / (received - 1)
