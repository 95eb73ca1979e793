"""The fleet overview: which devices are asked for, in which order, and what their cards say."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.http import QueryDict

from alerts.worst import WITH_ALERTS, with_alerts, worst_of
from devices.asked import said
from devices.models import Device, DeviceType, Lifecycle, Presence, Project
from devices.models.device import DeviceQuerySet
from devices.permissions import AnyUser
from telemetry.values import Shown, headlines, with_metrics

PAGE_SIZE = 48
GROUPINGS = {"project": "By project", "type": "By type", "label": "By label"}
ARCHIVED = Lifecycle.ARCHIVED.value
# What is broken comes first.
URGENCY = [Presence.OFFLINE, Presence.STALE, Presence.UNKNOWN, Presence.ONLINE]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. Words that mean nothing find nothing; they are never an error."""

    search: str = ""
    project: str = ""
    type: str = ""
    presence: str = ""
    label: str = ""
    lifecycle: str = ""
    alerts: str = ""
    group: str = field(default="", compare=False)  # how they are shown, not which

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        return cls(
            search=said(query, "q"),
            lifecycle=ARCHIVED if query.get("lifecycle") == ARCHIVED else "",
            **{name: query.get(name, "").replace("\0", "")[:100] for name in ("project", "type", "presence", "label")},
            alerts=query.get("alerts", "") if query.get("alerts") in WITH_ALERTS else "",
            group=query.get("group", "") if query.get("group") in GROUPINGS else "",
        )

    def __bool__(self) -> bool:
        return self != Filters()

    def without_presence(self, devices: DeviceQuerySet) -> DeviceQuerySet:
        if self.search:
            devices = devices.filter(
                Q(name__icontains=self.search)
                | Q(device_id__icontains=self.search)
                | Q(hostname__icontains=self.search)
                | Q(location__icontains=self.search)
            )
        if self.project:
            devices = devices.filter(project__slug=self.project)
        if self.type:
            devices = devices.filter(device_type__slug=self.type)
        if self.label:
            devices = devices.labelled(self.label)
        if self.alerts:
            devices = with_alerts(devices, self.alerts)
        return devices

    def address(self, **changes: str) -> str:
        """The query string of the overview with these filters and some of them changed."""
        query = QueryDict(mutable=True)
        values = {
            "q": self.search,
            "project": self.project,
            "type": self.type,
            "presence": self.presence,
            "label": self.label,
            "lifecycle": self.lifecycle,
            "alerts": self.alerts,
            "group": self.group,
        }
        query.update({name: value for name, value in {**values, **changes}.items() if value})
        # One that asks for nothing leads to the person's default view.
        return f"?{query.urlencode() or 'q='}"


@dataclass(frozen=True, slots=True)
class Tile:
    """How many devices have one presence; a link that shows just them."""

    presence: str
    label: str
    count: int
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Card:
    device: Device
    metrics: list[Shown]
    severity: str  # of its worst open alert


class Fleet:
    """What one person sees of the fleet under these filters."""

    def __init__(self, user: AnyUser, filters: Filters) -> None:
        self.user = user
        self.filters = filters
        visible = Device.objects.visible_to(user)
        self.visible = visible.filter(lifecycle=ARCHIVED) if filters.lifecycle else visible.in_service()
        self.faceted = filters.without_presence(self.visible)

    def counts(self) -> dict[str, int]:
        """Devices by presence under the other filters."""
        found = dict(self.faceted.order_by().values_list("presence").annotate(Count("pk")))
        return {presence: found.get(presence, 0) for presence in URGENCY}

    def tiles(self, counts: dict[str, int]) -> list[Tile]:
        everything = Tile(
            "", "All devices", sum(counts.values()), self.filters.address(presence=""), not self.filters.presence
        )
        return [everything] + [
            Tile(
                presence,
                str(presence.label),
                counts[presence],
                self.filters.address(presence=presence),
                self.filters.presence == presence,
            )
            for presence in URGENCY
        ]

    def found(self) -> DeviceQuerySet:
        return self.faceted.filter(presence=self.filters.presence) if self.filters.presence else self.faceted

    def page(self, number: str | None, counts: dict[str, int]) -> Page:
        devices = self.found().select_related("project", "device_type").order_by(urgency(), "name", "device_id")
        count = counts.get(self.filters.presence, 0) if self.filters.presence else sum(counts.values())
        return CountedPaginator(devices, count).get_page(number)

    def choices(self) -> dict[str, Any]:
        """What the filters offer: the projects, types and labels of the devices this person sees."""
        return {
            "projects": Project.objects.visible_to(self.user).values_list("slug", "name"),
            "types": DeviceType.objects.filter(pk__in=self.visible.values("device_type")).values_list("slug", "name"),
            "with_alerts": WITH_ALERTS.items(),
            "labels": sorted(self._labels(), key=str.casefold),
            "lifecycles": [(ARCHIVED, "Archived")],
            "groupings": GROUPINGS.items(),
        }

    def _labels(self) -> set[str]:
        lists = self.visible.exclude(labels=[]).order_by().values_list("labels", flat=True).distinct()
        return {word for words in lists for word in words}


class CountedPaginator(Paginator):
    """Pages of devices whose number is known already: the tiles have counted them."""

    def __init__(self, devices: DeviceQuerySet, count: int) -> None:
        super().__init__(devices, PAGE_SIZE)
        self.count = count


def cards(devices: Iterable[Device]) -> list[Card]:
    """The devices with their headline values and worst alerts; three queries however many they are."""
    found = with_metrics(devices)
    worst = worst_of(device.pk for device, _ in found)
    return [Card(device, headlines(metrics), worst.get(device.pk, "")) for device, metrics in found]


def urgency() -> Case:
    return Case(
        *(When(presence=presence, then=Value(rank)) for rank, presence in enumerate(URGENCY)),
        output_field=IntegerField(),
    )
