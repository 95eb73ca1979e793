"""What a subscription is about, and how things stand with it."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol

import orjson

from devices.models import Device, Project
from devices.models.device import DeviceQuerySet
from devices.permissions import AnyUser
from telemetry.live.control import recent_commands, twins
from telemetry.live.events import LiveValue
from telemetry.live.feed import States, Subject
from telemetry.models import Metric

MOST_DEVICES = 1_000


class TooManyDevices(Exception):
    """A subscription to a project that has more than MOST_DEVICES."""


class Wish(Protocol):
    """What a client asks to be told about."""

    @property
    def topic(self) -> str:
        """The name under which it is told."""

    def subject(self, user: AnyUser) -> Subject:
        """The part of it that `user` may see; empty if there is none."""

    def missing(self, subject: Subject) -> str:
        """A sentence about what is not in the subject, if anything."""

    def state(self, user: AnyUser) -> str:
        """How things stand with it, by ID, as JSON."""


@dataclass(frozen=True, slots=True)
class DevicesWish:
    """What a client asks to be told about: a project by its slug (with the devices it gets later), or devices by ID."""

    project: str | None = None
    device_ids: frozenset[str] = frozenset()
    topic: str = "devices"

    def subject(self, user: AnyUser) -> Subject:
        """The part of it that `user` may see; empty if there is none."""
        if self.project is not None:
            projects = Project.objects.visible_to(user).order_by().filter(slug=storable(self.project))
            return frozenset(projects.values_list("pk", flat=True))
        return frozenset(self._devices(user).order_by().values_list("project_id", "device_id"))

    def missing(self, subject: Subject) -> str:
        """A sentence about what is not in the subject: it does not exist, or is none of the user's business."""
        if self.project is not None:
            return "" if subject else f"There is no project “{self.project}” that you can see."
        missing = self.device_ids - {str(route[1]) for route in subject if isinstance(route, tuple)}
        return f"There is no device that you can see with the ID {_listed(missing)}." if missing else ""

    def state(self, user: AnyUser) -> str:
        """All there is to say of it now, as JSON: four queries."""
        rows = self._devices(user).order_by().values_list("pk", "device_id", "presence", "last_message")
        devices = list(rows[: MOST_DEVICES + 1])
        if len(devices) > MOST_DEVICES:
            raise TooManyDevices
        pks = [pk for pk, *_ in devices]
        values: dict[int, dict[str, LiveValue]] = defaultdict(dict)
        metrics = Metric.objects.filter(device__in=pks, last_time__isnull=False).order_by()
        for metric in metrics.only("device_id", "key", "value_type", "last_value", "last_text", "last_time"):
            if (value := metric.latest) is not None and metric.last_time is not None:
                values[metric.device_id][metric.key] = {"value": value, "time": metric.last_time}
        states: States = {
            device_id: {"presence": presence, "last_message": last_message, "values": values[pk]}
            for pk, device_id, presence, last_message in devices
        }
        twin_of, commands_of = twins(pks), recent_commands(pks)
        for pk, device_id, *_ in devices:
            if pk in twin_of:
                states[device_id]["twin"] = twin_of[pk]
            if pk in commands_of:
                states[device_id]["commands"] = commands_of[pk]
        return orjson.dumps(states, option=orjson.OPT_UTC_Z).decode()

    def _devices(self, user: AnyUser) -> DeviceQuerySet:
        visible = Device.objects.visible_to(user)
        if self.project is not None:
            return visible.in_service().filter(project__slug=storable(self.project))
        return visible.filter(device_id__in=[storable(device_id) for device_id in self.device_ids])


def storable(name: str) -> str:
    """PostgreSQL refuses to be asked for NUL; nothing is called like the empty text either."""
    return "" if "\0" in name else name


def _listed(names: frozenset[str]) -> str:
    first = [name[:64] for name in sorted(names)[:5]]
    return ", ".join(first) + (f" and {len(names) - len(first)} more" if len(names) > len(first) else "")
