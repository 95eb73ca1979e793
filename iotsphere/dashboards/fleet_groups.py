"""The fleet in groups: how each of them is, and what is broken in it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, TextField, Value, Window
from django.db.models.functions import Cast, Coalesce, RowNumber

from devices.models import Device, DeviceType, Project
from devices.models.device import DeviceQuerySet
from iotsphere.dashboards.fleet import URGENCY, Card, Fleet, cards, urgency

GROUPS_A_PAGE = 8
SHOWN_OF_EACH = 6
COLUMNS = {"project": "project__slug", "type": "device_type__slug", "label": "labels"}
WITHOUT = {"type": "Without a type", "label": "Without a label"}


@dataclass(slots=True)
class Group:
    name: str
    address: str  # of the overview with just these; empty if no filter finds them
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(URGENCY, 0))
    said: set[str] = field(default_factory=set)  # by its devices in the column that makes the groups
    first: list[int] = field(default_factory=list)  # keys of the most urgent
    cards: list[Card] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def more(self) -> int:
        return self.count - len(self.first)

    @property
    def presences(self) -> list[tuple[str, str, int]]:
        return [(presence, str(presence.label), self.counts[presence]) for presence in URGENCY if self.counts[presence]]


def groups(fleet: Fleet, number: str | None) -> Page:
    """A page of groups by `fleet.filters.group`, with cards of the first devices of each.

    A device is in the group of each of its labels: the database counts those whose labels are the same. It takes as
    many queries for one device as for 10,000.
    """
    by = fleet.filters.group
    text = Coalesce(Cast(COLUMNS[by], TextField()), Value(""), output_field=TextField())
    devices = fleet.found().annotate(said=text)
    named = _names(by, fleet)
    found: dict[str, Group] = {}
    for said, presence, count in devices.order_by().values_list("said", "presence").annotate(Count("pk")):
        for word in _words(by, said):
            if word not in found:
                address = fleet.filters.address(**{by: word, "group": ""}) if word else ""
                found[word] = Group(named.get(word, word) if word else WITHOUT[by], address)
            found[word].counts[presence] += count
            found[word].said.add(said)
    page = Paginator(sorted(found.values(), key=_order), GROUPS_A_PAGE).get_page(number)
    _fill(list(page), devices)
    return page


def _words(by: str, said: str) -> list[str]:
    return list(dict.fromkeys(json.loads(said))) or [""] if by == "label" else [said]


def _names(by: str, fleet: Fleet) -> dict[str, str]:
    if by == "label":
        return {}
    rows: Any = Project.objects.visible_to(fleet.user) if by == "project" else DeviceType.objects
    return dict(rows.values_list("slug", "name"))


def _order(group: Group) -> tuple[bool, str]:
    return not group.address, group.name.casefold()


def _fill(shown: Sequence[Group], devices: DeviceQuerySet) -> None:
    order = (urgency(), "name", "device_id")
    place = Window(RowNumber(), partition_by="said", order_by=order)
    wanted = devices.filter(said__in=set().union(*(group.said for group in shown)))
    # The first of a group are among the first of those that say the same.
    rows = wanted.annotate(place=place).filter(place__lte=SHOWN_OF_EACH).order_by(*order).values_list("pk", "said")
    first = list(rows)
    for group in shown:
        group.first = list(islice((pk for pk, said in first if said in group.said), SHOWN_OF_EACH))
    keys = {pk for group in shown for pk in group.first}
    found = Device.objects.select_related("project", "device_type").in_bulk(keys)
    by_key = {card.device.pk: card for card in cards(found.values())}
    for group in shown:
        group.cards = list(_known(group.first, by_key))


def _known(keys: Iterable[int], by_key: dict[int, Card]) -> Iterator[Card]:
    """One that was deleted in between is missing."""
    return (by_key[key] for key in keys if key in by_key)
