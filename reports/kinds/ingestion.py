from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.models import Device
from reports.documents import Block, Column, Figure, Figures, Form, Row, Table, Text, Tone
from reports.kinds.items import FATES, items_by_day, pages, totals
from reports.kinds.kind import Kind
from reports.words import word
from telemetry.models import RejectionCount
from telemetry.quality import Quality, quality_between
from telemetry.reasons import Reason

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

READ_AT_ONCE = 2_000
HOUR = timedelta(hours=1)
WRONG = {"rejected", "quarantined"}


class Ingestion(Kind):
    """What became of what was sent, and how good it is."""

    name = "ingestion"
    label = gettext_lazy("Ingestion and data quality")
    description = gettext_lazy(
        "What became of all that was sent, why some was rejected, and how complete each device's data is."
    )
    icon = "inbox"
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "summary": gettext_lazy("Summary"),
        "days": gettext_lazy("Day by day"),
        "reasons": gettext_lazy("Why values were rejected"),
        "devices": gettext_lazy("Devices"),
        "quality": gettext_lazy("Quality of the data"),
        "ranges": gettext_lazy("Out of range"),
    }

    def seconds(self) -> float:
        asked = self.asked
        per_device = 0.02 + 0.003 * asked.length.days if {"quality", "ranges"} & set(asked.sections) else 0.01
        return 0.3 + asked.devices.count() * per_device

    def rows(self) -> int:
        return int(self.asked.devices.count() * self.asked.length / HOUR)

    def summary(self) -> list[Block]:
        counts = totals(self.asked)
        received = counts["received"]
        balanced = _("Everything that was received is accounted for: stored, duplicate, rejected or quarantined.")
        balance = received == sum(counts[name] for name in FATES)
        figures = [
            Figure("received", _("Values received"), received),
            *(
                Figure(name, str(label), counts[name], tone=Tone.WARN if name in WRONG and counts[name] else Tone.NONE)
                for name, label in FATES.items()
            ),
            Figure("late", _("Messages late"), counts["late"], note=_("by more than five minutes")),
            Figure("stored_share", _("Stored"), 100 * counts["stored"] / received if received else None, "%", 2),
        ]
        return [
            Figures(figures),
            Text(balanced if received else _("Nothing came in."))
            if balance
            else Text(_("The books do not balance."), Tone.BAD),
        ]

    def days(self) -> list[Block]:
        return items_by_day(self.asked)

    def reasons(self) -> list[Block]:
        asked = self.asked
        senders = pages(asked).order_by().values("sender").distinct()
        counts = RejectionCount.objects.filter(sender__in=senders, hour__gte=asked.start, hour__lt=asked.end)
        found = counts.order_by().values_list("reason").annotate(items=Sum("count")).order_by("-items", "reason")
        columns = [
            Column("sentence", _("Why"), share=3),
            Column("reason", _("Reason")),
            Column("items", _("Values"), Form.NUMBER, precision=0),
        ]
        rows: list[Row] = [(word(Reason(reason).label), reason, items) for reason, items in found if items]
        return [Table("reasons", "", columns, rows, empty=_("Nothing was rejected."))]

    def devices(self) -> list[Block]:
        sums = {f"all_{name}": Sum(name) for name in ("received", *FATES, "late")}
        found = pages(self.asked).order_by().values_list("sender").annotate(**sums).order_by("-all_received", "sender")
        columns = [
            Column("device_id", _("Device ID"), share=2),
            Column("received", _("Received"), Form.NUMBER, precision=0),
            *(Column(name, str(label), Form.NUMBER, precision=0) for name, label in FATES.items()),
            Column("late", _("Late messages"), Form.NUMBER, precision=0),
        ]
        rows: list[Row] = [(sender or _("unknown devices"), *counts) for sender, *counts in found]
        return [Table("senders", _("What came from each"), columns, rows, empty=_("Nothing came in."))]

    def quality(self) -> list[Block]:
        columns = [
            Column("device", _("Device"), share=2),
            Column("completeness", _("Complete"), Form.NUMBER, "%", 1),
            Column("gaps", _("Gaps"), Form.NUMBER, precision=0),
            Column("longest", _("Longest gap"), Form.SPAN),
            Column("interval", _("Sent every"), Form.SPAN),
            Column("late", _("Late"), Form.NUMBER, "%", 1),
            Column("clock", _("Clock ahead"), Form.NUMBER, "s", 1),
        ]
        rows = [_quality(device, found) for device, found in self._qualities]
        rows.sort(key=lambda row: (row[1] is None, row[1]))
        return [Table("quality", _("The least complete first"), columns, rows, empty=_("There are no devices here."))]

    def ranges(self) -> list[Block]:
        columns = [
            Column("device", _("Device"), share=1.5),
            Column("metric", _("Metric"), share=1.5),
            Column("unit", _("Unit"), share=0.6),
            Column("minimum", _("From"), Form.NUMBER),
            Column("maximum", _("To"), Form.NUMBER),
            Column("lowest", _("Lowest"), Form.NUMBER),
            Column("highest", _("Highest"), Form.NUMBER),
            Column("stretches", _("Five minutes with such values"), Form.NUMBER, precision=0),
        ]
        rows: list[Row] = [
            (str(device), one.label, one.unit, one.minimum, one.maximum, one.lowest, one.highest, one.stretches)
            for device, found in self._qualities
            for one in found.out_of_range
        ]
        return [Table("out_of_range", "", columns, rows, empty=_("All values were within what their type says."))]

    def table(self) -> Table:
        columns = [
            Column("hour", _("Hour"), Form.TIME),
            Column("device_id", _("Device ID")),
            Column("received", _("Received"), Form.NUMBER),
            *(Column(name, str(label), Form.NUMBER) for name, label in FATES.items()),
            Column("late", _("Late messages"), Form.NUMBER),
        ]
        return Table("ledger", _("The ledger, hour by hour"), columns, self._hours)

    def is_empty(self) -> bool:
        return not pages(self.asked).exists()

    def _hours(self) -> Iterator[Row]:
        names = ("hour", "sender", "received", *FATES, "late")
        yield from pages(self.asked).order_by("hour", "sender").values_list(*names).iterator(chunk_size=READ_AT_ONCE)

    @cached_property
    def _qualities(self) -> list[tuple[Device, Quality]]:
        start, end = self.asked.start, self.asked.end
        return [(device, quality_between(device, start, end)) for device in self.asked.devices.order_by("name")]


def _quality(device: Device, found: Quality) -> Row:
    covered = found.coverage
    longest = max((gap.length for gap in covered.gaps), default=None) if covered else None
    return (
        str(device),
        100 * covered.completeness if covered and covered.completeness is not None else None,
        len(covered.gaps) if covered else None,
        longest,
        covered.interval if covered else None,
        None if found.late_share is None else 100 * found.late_share,
        found.clock.mean if found.clock else None,
    )
