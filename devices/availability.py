"""How much of the time a device was there, from the record of its presence."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from devices.models import Device, Presence, PresenceSpan

PERIODS = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
KEPT = timedelta(days=90)
# Late is not gone.
THERE = {Presence.ONLINE, Presence.STALE}


class Span(NamedTuple):
    presence: str
    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since


class Availability(NamedTuple):
    """What is known of a period. Time of which nothing is known counts neither for nor against the device."""

    there: timedelta
    gone: timedelta
    unknown: timedelta

    @property
    def percent(self) -> float | None:
        known = self.there + self.gone
        return 100 * (self.there / known) if known else None


def spans_between(changes: Iterable[tuple[datetime, str]], start: datetime, end: datetime) -> list[Span]:
    """The spans of a period, without a gap, from the changes of presence in their order, also those before it."""
    spans: list[Span] = []
    presence: str = Presence.UNKNOWN
    since = start
    for at, changed in [*changes, (end, "")]:
        until = min(max(at, since), end)
        if until > since:
            if spans and spans[-1].presence == presence:
                spans[-1] = spans[-1]._replace(until=until)
            else:
                spans.append(Span(presence, since, until))
        presence, since = changed, until
    return spans


def availability(spans: Iterable[Span], start: datetime) -> Availability:
    """What spans say of the time from `start` on."""
    there = gone = unknown = timedelta()
    for span in spans:
        length = max(span.until - max(span.since, start), timedelta())
        if span.presence in THERE:
            there += length
        elif span.presence == Presence.OFFLINE:
            gone += length
        else:
            unknown += length
    return Availability(there, gone, unknown)


def spans_of(device: Device, now: datetime) -> list[Span]:
    """The device's presence during the longest of PERIODS."""
    return spans_in(device, now - max(PERIODS), now)


def spans_in(device: Device, start: datetime, end: datetime) -> list[Span]:
    """The device's presence in [start, end)."""
    recorded = PresenceSpan.objects.filter(device=device).order_by("since", "pk").values_list("since", "presence")
    before = recorded.filter(since__lte=start).reverse()[:1]
    return spans_between([*before, *recorded.filter(since__gt=start, since__lt=end)], start, end)


def periods(spans: Sequence[Span], now: datetime) -> list[tuple[timedelta, Availability]]:
    return [(period, availability(spans, now - period)) for period in PERIODS]


def prune(now: datetime) -> int:
    """Delete what is older than KEPT, but not what still held then."""
    before = now - KEPT
    later = PresenceSpan.objects.filter(device=OuterRef("device"), since__gt=OuterRef("since"), since__lte=before)
    return PresenceSpan.objects.filter(Exists(later), since__lt=before).delete()[0]
