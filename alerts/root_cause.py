"""Whether a device that is away has a reason of its own: while what it is behind is away, one alert says it all.

A device whose gateway or host has an open alert about its absence is *held* under that alert. One whose gateway has
not been heard lately either *waits*: whichever of the two is noticed first, one alert comes of it. When the gateway is
back, what was held waits again, for as long as a device may take to report.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.conditions import PRESENCE
from alerts.evaluator import CompiledRule
from alerts.models import Alert
from devices.models import Device, Presence
from devices.presence import offline_after

LOOK_AGAIN = timedelta(seconds=15)
# A gateway that no rule is about never gets an alert of its own: then its devices speak for themselves.
WAIT_AT_MOST = timedelta(minutes=5)
MAX_ANCESTORS = 16


@dataclass(frozen=True, slots=True)
class Standing:
    """Held under an alert, to wait, or (neither) to be told."""

    held_by: Alert | None = None
    waits: bool = False


TELL = Standing()


def is_about_absence(rule: CompiledRule) -> bool:
    return PRESENCE in rule.keys or any(level.when.silences for level in rule.levels)


def standings(device_pks: Collection[int], at: datetime) -> dict[int, Standing]:
    """How absent devices stand. Any number of them in two statements and one for each generation above them."""
    parents = _generations(device_pks)
    if not parents:
        return dict.fromkeys(device_pks, TELL)
    above = {parent.pk for parent in parents.values()}
    absent = {
        alert.device_id: alert
        for alert in Alert.objects.open().filter(device__in=above, is_about_absence=True).order_by("-event_time")
    }
    return {pk: _standing(pk, parents, absent, at) for pk in device_pks}


def patience(device: Device) -> timedelta:
    """How long a device may take to report after what it is behind came back."""
    return offline_after(device.expected_interval)


def _generations(device_pks: Collection[int]) -> dict[int, Device]:
    """Each device's parent, and theirs, by primary key."""
    parents: dict[int, Device] = {}
    generation = set(device_pks)
    for _ in range(MAX_ANCESTORS):
        pairs = dict(Device.objects.filter(pk__in=generation, parent__isnull=False).values_list("pk", "parent_id"))
        if not pairs:
            break
        found = Device.objects.select_related("device_type").in_bulk(set(pairs.values()))
        parents |= {pk: found[parent_id] for pk, parent_id in pairs.items() if parent_id in found}
        generation = set(found) - parents.keys()
    return parents


def _standing(pk: int, parents: Mapping[int, Device], absent: Mapping[int | None, Alert], at: datetime) -> Standing:
    parent = parents.get(pk)
    waits = False
    while parent is not None:
        if parent.pk in absent:
            return Standing(held_by=absent[parent.pk])
        waits = waits or not _was_heard_lately(parent, at)
        parent = parents.get(parent.pk)
    return Standing(waits=waits)


def _was_heard_lately(device: Device, at: datetime) -> bool:
    silence = device.silent_for(at)
    return device.presence == Presence.ONLINE and (silence is None or silence <= 1.5 * device.expected_interval)
