from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

from django.db.models import Sum

from devices.models import Device
from reports.documents import Block, Column, Figure, Figures, Form, Row, Table, Text, Tone
from reports.kinds.items import FATES, items_by_day, pages, totals
from reports.kinds.kind import Kind
from telemetry.models import RejectionCount
from telemetry.quality import Quality, quality_between
from telemetry.reasons import Reason

READ_AT_ONCE = 2_000
HOUR = timedelta(hours=1)
WRONG = {"rejected", "quarantined"}
NOTHING = "Nothing came in."
BALANCED = "Everything that was received is accounted for: stored, duplicate, rejected or quarantined."


class Ingestion(Kind):
    """What became of what was sent, and how good it is."""

    name = "ingestion"
    label = "Ingestion and data quality"
    description = "What became of all that was sent, why some was rejected, and how complete each device's data is."
    icon = "inbox"
    sections: ClassVar[Mapping[str, str]] = {
        "summary": "Summary",
        "days": "Day by day",
        "reasons": "Why values were rejected",
        "devices": "Devices",
        "quality": "Quality of the data",
        "ranges": "Out of range",
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
        balance = received == sum(counts[name] for name in FATES)
        figures = [
            Figure("received", "Values received", received),
            *(
                Figure(name, label, counts[name], tone=Tone.WARN if name in WRONG and counts[name] else Tone.NONE)
                for name, label in FATES.items()
            ),
            Figure("late", "Messages late", counts["late"], note="by more than five minutes"),
            Figure("stored_share", "Stored", 100 * counts["stored"] / received if received else None, "%", 2),
        ]
        return [
            Figures(figures),
            Text(BALANCED if received else NOTHING) if balance else Text("The books do not balance.", Tone.BAD),
        ]

    def days(self) -> list[Block]:
        return items_by_day(self.asked)

    def reasons(self) -> list[Block]:
        asked = self.asked
        senders = pages(asked).order_by().values("sender").distinct()
        counts = RejectionCount.objects.filter(sender__in=senders, hour__gte=asked.start, hour__lt=asked.end)
        found = counts.order_by().values_list("reason").annotate(items=Sum("count")).order_by("-items", "reason")
        columns = [
            Column("sentence", "Why", share=3),
            Column("reason", "Reason"),
            Column("items", "Values", Form.NUMBER, precision=0),
        ]
        rows: list[Row] = [(str(Reason(reason).label), reason, items) for reason, items in found if items]
        return [Table("reasons", "", columns, rows, empty="Nothing was rejected.")]

    def devices(self) -> list[Block]:
        sums = {f"all_{name}": Sum(name) for name in ("received", *FATES, "late")}
        found = pages(self.asked).order_by().values_list("sender").annotate(**sums).order_by("-all_received", "sender")
        columns = [
            Column("device_id", "Device ID", share=2),
            Column("received", "Received", Form.NUMBER, precision=0),
            *(Column(name, label, Form.NUMBER, precision=0) for name, label in FATES.items()),
            Column("late", "Late messages", Form.NUMBER, precision=0),
        ]
        rows: list[Row] = [(sender or "unknown devices", *counts) for sender, *counts in found]
        return [Table("senders", "What came from each", columns, rows, empty="Nothing came in.")]

    def quality(self) -> list[Block]:
        columns = [
            Column("device", "Device", share=2),
            Column("completeness", "Complete", Form.NUMBER, "%", 1),
            Column("gaps", "Gaps", Form.NUMBER, precision=0),
            Column("longest", "Longest gap", Form.SPAN),
            Column("interval", "Sent every", Form.SPAN),
            Column("late", "Late", Form.NUMBER, "%", 1),
            Column("clock", "Clock ahead", Form.NUMBER, "s", 1),
        ]
        rows = [_quality(device, found) for device, found in self._qualities]
        rows.sort(key=lambda row: (row[1] is None, row[1]))
        return [Table("quality", "The least complete first", columns, rows, empty="There are no devices here.")]

    def ranges(self) -> list[Block]:
        columns = [
            Column("device", "Device", share=1.5),
            Column("metric", "Metric", share=1.5),
            Column("unit", "Unit", share=0.6),
            Column("minimum", "From", Form.NUMBER),
            Column("maximum", "To", Form.NUMBER),
            Column("lowest", "Lowest", Form.NUMBER),
            Column("highest", "Highest", Form.NUMBER),
            Column("stretches", "Five minutes with such values", Form.NUMBER, precision=0),
        ]
        rows: list[Row] = [
            (str(device), one.label, one.unit, one.minimum, one.maximum, one.lowest, one.highest, one.stretches)
            for device, found in self._qualities
            for one in found.out_of_range
        ]
        return [Table("out_of_range", "", columns, rows, empty="All values were within what their type says.")]

    def table(self) -> Table:
        columns = [
            Column("hour", "Hour", Form.TIME),
            Column("device_id", "Device ID"),
            Column("received", "Received", Form.NUMBER),
            *(Column(name, label, Form.NUMBER) for name, label in FATES.items()),
            Column("late", "Late messages", Form.NUMBER),
        ]
        return Table("ledger", "The ledger, hour by hour", columns, self._hours)

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
