"""What one person sees of the widgets of a dashboard: those about devices and projects that they may see.

Of the others they learn no more than that they are there, over every door; and saving leaves those as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from devices.models import Device, Project
from devices.permissions import AnyUser
from iotsphere.boards.kinds import devices_in, project_in

Json = dict[str, Any]
PLACE = ("id", "kind", "x", "y", "w", "h")


@dataclass(frozen=True, slots=True)
class Sight:
    devices: frozenset[str]
    projects: frozenset[str]

    @classmethod
    def of(cls, user: AnyUser, widgets: Iterable[Mapping[str, Any]]) -> Self:
        """Two queries at most, however many widgets there are."""
        settings = [widget.get("settings") or {} for widget in widgets]
        devices = set().union(*map(devices_in, settings))
        projects = {slug for each in settings if (slug := project_in(each)) is not None}
        visible = Device.objects.visible_to(user).filter(device_id__in=devices) if devices else Device.objects.none()
        own = Project.objects.visible_to(user).filter(slug__in=projects) if projects else Project.objects.none()
        return cls(
            frozenset(visible.order_by().values_list("device_id", flat=True)),
            frozenset(own.order_by().values_list("slug", flat=True)),
        )

    def complaints(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """What the settings name that is not there for this person, by the name of the setting."""
        wrong = {}
        if unseen := sorted(devices_in(settings) - self.devices):
            wrong["device" if "device" in settings else "series"] = f"No such device that you can see: {unseen[0]}."
        project = project_in(settings)
        if project is not None and project not in self.projects:
            wrong["project"] = f"No such project that you can see: {project}."
        return wrong

    def shown(self, widgets: Iterable[Json]) -> list[Json]:
        return [
            {name: widget[name] for name in PLACE} | {"is_withheld": True}
            if self.complaints(widget["settings"])
            else {**widget, "is_withheld": False}
            for widget in widgets
        ]


def joined(sent: Sequence[Json], stored: Sequence[Json], sight: Sight) -> tuple[list[Json], dict[int, Json]]:
    """The widgets to keep, and what is wrong with those sent, by their positions.

    Withheld ones, and those that name what cannot be seen but are as they were, keep what is stored of them.
    """
    known = {widget["id"]: widget for widget in stored}
    kept: list[Json] = []
    wrong: dict[int, Json] = {}
    for position, widget in enumerate(sent):
        before = known.get(widget["id"])
        if widget["is_withheld"]:
            if before is None:
                wrong[position] = {"is_withheld": "There is no such widget any more."}
                continue
            widget = {**before, **{name: widget[name] for name in PLACE if name != "kind"}}
        elif (complaints := sight.complaints(widget["settings"])) and (
            before is None or before["settings"] != widget["settings"]
        ):
            wrong[position] = {"settings": complaints}
            continue
        kept.append({name: widget[name] for name in (*PLACE, "title", "settings")})
    return kept, wrong
