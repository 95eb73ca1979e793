"""Readings as they are: page after page, or all of them in a stream. None comes twice, and none is left out.

They are ordered by time and, at the same time, by metric. Each batch is a query of its own that begins after the last
reading of the one before: nothing is held open in between, and what arrives late behind that place stays out.
"""

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from heapq import merge
from itertools import islice
from typing import NamedTuple, Self, TypeAlias

from django.core.exceptions import ValidationError
from django.utils import timezone

from devices.models import Device
from telemetry.chosen import choose
from telemetry.history import History, Point, check_range, milliseconds, series_of, zone_of
from telemetry.kept import Kept, look_up
from telemetry.models import Metric, Reading
from telemetry.version import version

IN_MEMORY = 20_000  # readings, of all metrics together
SMALLEST_BATCH = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Value: TypeAlias = float | str | None


class RawReading(NamedTuple):
    time: datetime
    metric_id: int
    value: Value


class Place(NamedTuple):
    """Just after a reading. Clients hand it back as they got it."""

    time: datetime
    metric_id: int

    def __str__(self) -> str:
        text = f"{(self.time - EPOCH) // MICROSECOND}.{self.metric_id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, cursor: str) -> Self:
        try:
            padded = cursor.encode() + b"=" * (-len(cursor) % 4)
            time, metric_id = base64.b64decode(padded, altchars=b"-_", validate=True).split(b".")
            return cls(EPOCH + int(time) * MICROSECOND, int(metric_id))
        except (ValueError, OverflowError, binascii.Error):
            raise ValidationError({"cursor": "Take it from `next`, or leave it out to begin anew."}) from None


@dataclass(frozen=True, slots=True)
class AskedRaw:
    """Readings that can be given."""

    devices: Sequence[Device]
    zone: tzinfo
    kept: Sequence[Sequence[Kept]]  # of each device
    start: datetime
    end: datetime
    after: Place | None

    @property
    def is_closed(self) -> bool:
        """Whether it is over: then only late data can change the answer."""
        return self.end <= timezone.now()

    @property
    def metrics(self) -> list[Metric]:
        return [kept.metric for of_device in self.kept for kept in of_device]

    def version(self) -> str:
        """The same as long as the answer is, if it is closed."""
        every_kept = [kept for of_device in self.kept for kept in of_device]
        return version(every_kept, self.start, self.end, str(self.zone), self.after, former=False)

    def page(self, size: int) -> tuple[list[History], Place | None]:
        """The next `size` readings, and where they end if there are more."""
        batch = max(SMALLEST_BATCH, size // len(self.metrics) + 1)
        readings = list(islice(self._in_order(batch), size + 1))
        more, readings = readings[size:], readings[:size]
        points: dict[int, list[Point]] = defaultdict(list)
        for time, metric_id, value in readings:
            points[metric_id].append([milliseconds(time), value])
        histories = [
            History(
                device.device_id,
                self.start,
                self.end,
                0,
                None,
                self.zone,
                {kept.metric.key: series_of(kept.metric, points[kept.metric.pk]) for kept in of_device},
            )
            for device, of_device in zip(self.devices, self.kept, strict=True)
        ]
        return histories, Place(readings[-1].time, readings[-1].metric_id) if more else None

    def stream(self) -> Iterator[RawReading]:
        """All readings, one by one."""
        return self._in_order(max(SMALLEST_BATCH, IN_MEMORY // len(self.metrics)))

    def _in_order(self, batch: int) -> Iterator[RawReading]:
        return merge(*(_readings(metric.pk, self, batch) for metric in self.metrics if metric.pk))


def ask_raw(
    devices: Sequence[Device],
    metrics: Sequence[str],
    start: datetime,
    end: datetime,
    after: Place | None = None,
    time_zone: tzinfo | None = None,
) -> AskedRaw:
    """Of each device the metrics with these keys. ValidationError says what cannot be answered."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    chosen = choose(devices, metrics)
    check_range(start, end)
    found = iter(look_up([metric for of_device in chosen for metric in of_device], start, end))
    every_kept = [[next(found) for _ in of_device] for of_device in chosen]
    if gone := [kept for of_device in every_kept for kept in of_device if kept.finest > 1]:
        first = max((kept.firsts[0] for kept in gone if kept.firsts[0]), default=None)
        since = f"Readings are kept from {first:%Y-%m-%dT%H:%M:%SZ} on" if first else "No readings are kept there"
        raise ValidationError({"from": f"{since}; before, there are steps of {gone[0].finest:,} seconds."})
    return AskedRaw(devices, time_zone or zone_of(devices), every_kept, start, end, after)


def _readings(metric_id: int, asked: AskedRaw, batch: int) -> Iterator[RawReading]:
    readings = Reading.objects.filter(metric_id=metric_id, time__gte=asked.start, time__lt=asked.end).order_by("time")
    rest = readings
    if asked.after is not None:
        passed = metric_id <= asked.after.metric_id
        rest = readings.filter(**{"time__gt" if passed else "time__gte": asked.after.time})
    while True:
        rows = list(rest.values_list("time", "value", "text")[:batch])
        for time, value, text in rows:
            yield RawReading(time, metric_id, value if text is None else text)
        if len(rows) < batch:
            return
        rest = readings.filter(time__gt=rows[-1][0])
