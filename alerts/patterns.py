"""What the alerts of some time have in common: when they come, from which devices and rules, and how people answer."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from alerts.models.alert import AlertQuerySet

MOST_LISTED = 50
READ_AT_ONCE = 5_000


@dataclass(slots=True)
class Share:
    """How many of the alerts are of one device or rule, and how long they were open, together, in seconds."""

    key: str
    name: str
    fires: int = 0
    seconds_open: float = 0.0


@dataclass(frozen=True, slots=True)
class Patterns:
    """Of all alerts that were raised in [start, end). Days and hours are those of `zone`.

    The medians are None where nobody acknowledged anything, and nothing was resolved.
    """

    start: datetime
    end: datetime
    zone: str
    fires: int
    per_hour: tuple[int, ...]  # of the day, from midnight
    per_day: tuple[tuple[date, int], ...]  # every day, also those without any
    devices: tuple[Share, ...]  # the noisiest first, MOST_LISTED at most; the key is the device ID
    rules: tuple[Share, ...]  # the key is the rule's number; empty for rules that were deleted
    seconds_to_acknowledge: float | None
    seconds_to_resolve: float | None


@dataclass(slots=True)
class _Tally:
    fires: int = 0
    hours: list[int] = field(default_factory=lambda: [0] * 24)
    days: dict[date, int] = field(default_factory=dict)
    devices: dict[str, Share] = field(default_factory=dict)
    rules: dict[tuple[str, str], Share] = field(default_factory=dict)
    until_acknowledged: list[float] = field(default_factory=list)
    until_resolved: list[float] = field(default_factory=list)


def patterns(alerts: AlertQuerySet, start: datetime, end: datetime, zone: ZoneInfo) -> Patterns:
    """Of those of `alerts` that were raised in [start, end); what is open still counts as open until `end`."""
    tally = _Tally(days=dict.fromkeys(_days(start, end, zone), 0))
    rows = alerts.filter(event_time__gte=start, event_time__lt=end).order_by()
    for raised, acknowledged, resolved, device_id, device, rule, rule_name in rows.values_list(
        "event_time", "acknowledged_at", "resolved_at", "device__device_id", "device__name", "rule_id", "rule_name"
    ).iterator(chunk_size=READ_AT_ONCE):
        local = raised.astimezone(zone)
        tally.fires += 1
        tally.hours[local.hour] += 1
        tally.days[local.date()] += 1
        seconds_open = ((resolved or max(end, raised)) - raised).total_seconds()
        number = str(rule or "")
        shares = [tally.rules.setdefault((number, rule_name), Share(number, rule_name))]
        if device_id is not None:
            shares.append(tally.devices.setdefault(device_id, Share(device_id, device or device_id)))
        for share in shares:
            share.fires += 1
            share.seconds_open += seconds_open
        if acknowledged is not None:
            tally.until_acknowledged.append((acknowledged - raised).total_seconds())
        if resolved is not None:
            tally.until_resolved.append(seconds_open)
    return Patterns(
        start,
        end,
        zone.key,
        tally.fires,
        tuple(tally.hours),
        tuple(tally.days.items()),
        _noisiest(tally.devices.values()),
        _noisiest(tally.rules.values()),
        median(tally.until_acknowledged) if tally.until_acknowledged else None,
        median(tally.until_resolved) if tally.until_resolved else None,
    )


def _days(start: datetime, end: datetime, zone: ZoneInfo) -> Iterable[date]:
    first = start.astimezone(zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _noisiest(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda share: (-share.fires, -share.seconds_open, share.name))[:MOST_LISTED])
