from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts.models import Alert
from devices.availability import availability, spans_in
from devices.models import Device, Presence
from devices.models.device import DeviceQuerySet
from devices.shipped_types import SERVER
from reports.documents import Block, Column, Figure, Figures, Form, Missing, Row, Section, Table, Tone
from reports.kinds.availability import TONES
from reports.kinds.kind import Kind, Progress
from reports.kinds.measured import Measured, charts, measure
from reports.words import by_word, word
from telemetry.values import with_metrics

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

USAGE = {"cpu": gettext_lazy("Processor"), "memory": gettext_lazy("Memory"), "disk": gettext_lazy("Fullest disk")}
HIGH = {"cpu": 85.0, "memory": 90.0, "disk": 90.0}
"""From there on the shipped rules warn."""


class Servers(Kind):
    """How servers were used, and which of them were short of something."""

    name = "servers"
    label = gettext_lazy("Servers")
    description = gettext_lazy(
        "Processor, memory, disks and network of each server, and how much of the time it was there."
    )
    icon = "server"
    usual_range = "7d"
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "summary": gettext_lazy("Summary"),
        "servers": gettext_lazy("Servers"),
        "charts": gettext_lazy("Charts"),
    }

    def seconds(self) -> float:
        return 0.3 + self._devices.count() * (0.15 + 0.002 * self.asked.length.days)

    def make_sections(self, progress: Progress) -> Iterator[Section]:
        for name in ("summary", "servers"):
            if name in self.asked.sections:
                progress(0.5)
                yield Section(name, str(self.sections[name]), getattr(self, name)())
        if "charts" in self.asked.sections:
            for device, measured in self._found:
                blocks: list[Block] = list(charts(measured))
                yield Section(
                    device.device_id,
                    str(device),
                    blocks or [Missing(_("%(device)s has reported nothing.") % {"device": device})],
                )

    def summary(self) -> list[Block]:
        shares = [share for share in self._shares.values() if share is not None]
        there = sum(device.presence == Presence.ONLINE for device, _ in self._found)
        figures = [
            Figure("servers", _("Servers"), len(self._found)),
            Figure("online", _("Online now"), there, tone=Tone.GOOD if there == len(self._found) else Tone.WARN),
            Figure("availability", _("Available, mean"), sum(shares) / len(shares) if shares else None, "%", 2),
            Figure("alerts", _("Alerts"), sum(self._fires.values())),
            *(self._highest(key, str(label)) for key, label in USAGE.items()),
        ]
        return [Figures(figures)]

    def servers(self) -> list[Block]:
        columns = [
            Column("server", _("Server"), share=1.5),
            Column("host", _("Host"), share=1.2),
            Column("presence", _("Presence"), Form.STATE),
            Column("percent", _("Available"), Form.NUMBER, "%", 2),
            Column("cpu", _("Processor, mean"), Form.NUMBER, "%", 1),
            Column("cpu_highest", _("highest"), Form.NUMBER, "%", 1),
            Column("memory", _("Memory, mean"), Form.NUMBER, "%", 1),
            Column("memory_highest", _("highest"), Form.NUMBER, "%", 1),
            Column("disk_highest", _("Fullest disk"), Form.NUMBER, "%", 1),
            Column("alerts", _("Alerts"), Form.NUMBER, precision=0),
        ]
        rows: list[Row] = [
            (
                str(device),
                device.hostname,
                word(Presence(device.presence).label),
                self._shares[device.pk],
                *self._usage(measured),
                self._fires.get(device.pk, 0),
            )
            for device, measured in self._found
        ]
        return [Table("servers", "", columns, rows, by_word(TONES), empty=_("There are no servers here."))]

    def table(self) -> Table:
        columns = [
            Column("device_id", _("Device ID")),
            Column("server", _("Server")),
            Column("host", _("Host")),
            Column("project", _("Project")),
            Column("presence", _("Presence"), Form.STATE),
            Column("percent", _("Available"), Form.NUMBER, "%"),
            Column("cpu", _("Processor, mean"), Form.NUMBER, "%"),
            Column("cpu_highest", _("Processor, highest"), Form.NUMBER, "%"),
            Column("memory", _("Memory, mean"), Form.NUMBER, "%"),
            Column("memory_highest", _("Memory, highest"), Form.NUMBER, "%"),
            Column("disk_highest", _("Fullest disk"), Form.NUMBER, "%"),
            Column("alerts", _("Alerts"), Form.NUMBER),
        ]
        return Table("every_server", _("Servers"), columns, self._rows)

    def _rows(self) -> Iterator[Row]:
        for device, measured in self._found:
            head = device.device_id, device.name, device.hostname, device.project.slug, device.presence
            yield *head, self._shares[device.pk], *self._usage(measured), self._fires.get(device.pk, 0)

    def _usage(self, measured: Measured) -> Row:
        """Mean and highest of processor and memory, and the highest of the fullest disk; None of what was not sent."""
        totals = (measured.totals.get(key) for key in USAGE)
        cpu, memory, disk = ((total.mean, total.highest) if total else (None, None) for total in totals)
        return *cpu, *memory, disk[1]

    def _highest(self, key: str, label: str) -> Figure:
        """Of all servers, and whose it was."""
        found = [(total.highest, str(device)) for device, one in self._found if (total := one.totals.get(key))]
        value, server = max(found, default=(None, ""))
        tone = Tone.WARN if value is not None and value >= HIGH[key] else Tone.NONE
        return Figure(f"{key}_highest", _("%(what)s, highest") % {"what": label}, value, "%", 1, tone, server)

    @property
    def _devices(self) -> DeviceQuerySet:
        return self.asked.devices.filter(device_type__slug=SERVER["slug"])

    @cached_property
    def _found(self) -> list[tuple[Device, Measured]]:
        devices = with_metrics(self._devices.order_by("name", "device_id"))
        return [(measured.device, measured) for measured in measure(devices, self.asked)]

    @cached_property
    def _shares(self) -> dict[int, float | None]:
        start, end = self.asked.start, self.asked.end
        return {device.pk: availability(spans_in(device, start, end), start).percent for device, _ in self._found}

    @cached_property
    def _fires(self) -> dict[int | None, int]:
        alerts = Alert.objects.visible_to(self.asked.user).filter(device__in=[device for device, _ in self._found])
        raised = alerts.filter(event_time__gte=self.asked.start, event_time__lt=self.asked.end)
        return dict(raised.order_by().values_list("device").annotate(count=Count("pk")))
