"""The fleet in groups: how each of them is, and what is broken in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator

from devices.models import Device, DeviceType, Project
from iotsphere.dashboards.fleet import URGENCY, Card, Fleet, cards, urgency

GROUPS_A_PAGE = 8
SHOWN_OF_EACH = 6
WITHOUT = {"type": "Without a type", "label": "Without a label"}


@dataclass(slots=True)
class Group:
    name: str
    address: str  # of the overview with just these; empty if no filter finds them
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(URGENCY, 0))
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

    All devices are looked through, by two columns and their labels: it takes as many queries for one as for 10,000. A
    device is in the group of each of its labels.
    """
    by = fleet.filters.group
    named = _names(by, fleet)
    found: dict[Any, Group] = {}
    column = {"project": "project__slug", "type": "device_type__slug", "label": "labels"}[by]
    rows = fleet.found().order_by(urgency(), "name", "device_id").values_list("pk", "presence", column)
    for pk, presence, value in rows:
        for word in _words(by, value):
            group = found.get(word)
            if group is None:
                address = fleet.filters.address(**{by: word, "group": ""}) if word else ""
                group = found[word] = Group(named.get(word, word) if word else WITHOUT[by], address)
            group.counts[presence] += 1
            if len(group.first) < SHOWN_OF_EACH:
                group.first.append(pk)
    page = Paginator(sorted(found.values(), key=_order), GROUPS_A_PAGE).get_page(number)
    _fill(page)
    return page


def _words(by: str, value: Any) -> Iterable[str]:
    return dict.fromkeys(value or [""]) if by == "label" else [value or ""]


def _names(by: str, fleet: Fleet) -> dict[str, str]:
    if by == "label":
        return {}
    rows: Any = Project.objects.visible_to(fleet.user) if by == "project" else DeviceType.objects
    return dict(rows.values_list("slug", "name"))


def _order(group: Group) -> tuple[bool, str]:
    return not group.address, group.name.casefold()


def _fill(page: Iterable[Group]) -> None:
    shown = list(page)
    wanted = {pk for group in shown for pk in group.first}
    devices = Device.objects.select_related("project", "device_type").in_bulk(wanted)
    by_key = {card.device.pk: card for card in cards(devices.values())}
    for group in shown:
        group.cards = list(_known(group.first, by_key))


def _known(keys: Iterable[int], by_key: dict[int, Card]) -> Iterator[Card]:
    """One that was deleted in between is missing."""
    return (by_key[key] for key in keys if key in by_key)
