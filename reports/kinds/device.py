from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts.models import Alert
from alerts.models.alert import AlertQuerySet, Severity
from devices.availability import availability, spans_in
from devices.models import Device, MetricKind, Presence
from devices.models.device import DEFAULT_EXPECTED_INTERVAL
from reports.asked import RAW
from reports.documents import Block, Column, Figure, Figures, Form, Missing, Row, Section, Table, Tone
from reports.kinds.alerts import TONES
from reports.kinds.availability import TONES as PRESENCE_TONES
from reports.kinds.kind import Kind, Progress
from reports.kinds.measured import FEW, Measured, charts, figures, measure, table_of_days, table_of_metrics
from reports.words import by_word, word
from telemetry.aggregates import Aggregate
from telemetry.buckets import INTERVALS
from telemetry.history import MAX_POINTS, Question, ask
from telemetry.models import Metric
from telemetry.quality import quality_between
from telemetry.raw import ask_raw
from telemetry.values import with_metrics

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ALERTS = 50
STRETCH = 4_000  # buckets at once


class DeviceReport(Kind):
    """What devices measured: a water heater, a sensor, anything that sends numbers."""

    name = "device"
    label = gettext_lazy("Devices in detail")
    description = gettext_lazy(
        "What each device measured: targets and what became of them, counters, charts, days, alerts, quality."
    )
    icon = "cpu"
    usual_range = "7d"
    longest = timedelta(days=3_700)
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "figures": gettext_lazy("Key figures"),
        "charts": gettext_lazy("Charts"),
        "days": gettext_lazy("Day by day"),
        "alerts": gettext_lazy("Alerts"),
        "quality": gettext_lazy("Quality of the data"),
    }

    def seconds(self) -> float:
        devices = self.asked.devices.count()
        return 0.3 + devices * (0.15 + 0.002 * self.asked.length.days)

    def rows(self) -> int:
        """A reading of each metric in each interval; who has no type sends once a minute."""
        asked = self.asked
        metrics = Metric.objects.filter(device__in=asked.devices).order_by()
        counts = metrics.values_list("device__device_type__expected_interval").annotate(count=Count("pk"))
        steps = timedelta(seconds=INTERVALS[asked.resolution].seconds) if asked.resolution != RAW else None
        return sum(int(asked.length / (steps or every or DEFAULT_EXPECTED_INTERVAL)) * count for every, count in counts)

    def title(self) -> str:
        return str(self._only) if self._only else super().title()

    def subtitle(self) -> str:
        if (device := self._only) is None:
            return super().subtitle()
        kind = f"{device.device_type}, " if device.device_type else ""
        return f"{kind}{device.device_id} · {device.project}"

    @cached_property
    def _only(self) -> Device | None:
        """The device, if it is about one."""
        return self.asked.devices.first() if len(self.asked.device_ids) == 1 else None

    def make_sections(self, progress: Progress) -> Iterator[Section]:
        """A section for each part where it is about one device, else a section for each device."""
        found = with_metrics(self.asked.devices.order_by("device_type__name", "name", "device_id"))
        chosen = self._chosen(len(found))
        for number, measured in enumerate(measure(found, self.asked, rows="days" in chosen)):
            progress(number / len(found))
            about = _About(measured)
            parts = {name: list(getattr(about, name)()) for name in chosen}
            if len(found) == 1:
                yield from (Section(name, str(self.sections[name]), blocks) for name, blocks in parts.items())
            else:
                device = measured.device
                yield Section(device.device_id, str(device), list(chain.from_iterable(parts.values())))
        if not found:
            yield Section("devices", _("Devices"), [Missing(_("there are no devices here."))])

    def _chosen(self, devices: int) -> list[str]:
        """All parts, but of many devices the quality only if it is asked for: the report of it is another."""
        is_said = bool(self.asked.said.get("sections"))
        return [name for name in self.asked.sections if name != "quality" or is_said or devices <= FEW]

    def table(self) -> Table:
        columns = [
            Column("time", _("Time"), Form.TIME),
            Column("device_id", _("Device ID")),
            Column("metric", _("Metric")),
            Column("unit", _("Unit")),
            Column("value", _("Value"), Form.NUMBER),
            Column("lowest", _("Lowest"), Form.NUMBER),
            Column("highest", _("Highest"), Form.NUMBER),
        ]
        return Table("readings", _("Readings"), columns, self._readings)

    def _readings(self) -> Iterator[Row]:
        metrics = Metric.objects.filter(device__in=self.asked.devices).select_related("device__project")
        for metric in metrics.order_by("device__device_id", "key"):
            head = metric.device.device_id, metric.key, metric.unit
            for time, *said in self._of_metric(metric):
                yield time, *head, *said

    def _of_metric(self, metric: Metric) -> Iterator[tuple[datetime, float | str | None, float | None, float | None]]:
        """Readings as they are; of a time of which only steps are left, and where steps are asked for, those."""
        asked = self.asked
        device, key = metric.device, metric.key
        if asked.resolution == RAW:
            try:
                readings = ask_raw([device], [key], asked.start, asked.end, time_zone=asked.zone)
            except ValidationError:
                yield from self._steps(metric, "1h")
                return
            for time, _, value in readings.stream():
                yield time, value, None, None
        else:
            yield from self._steps(metric, asked.resolution)

    def _steps(
        self, metric: Metric, interval: str
    ) -> Iterator[tuple[datetime, float | str | None, float | None, float | None]]:
        asked, width = self.asked, timedelta(seconds=INTERVALS[interval].seconds)
        agg = Aggregate.DELTA if metric.kind == MetricKind.TOTAL_INCREASING else Aggregate.AVG
        start = asked.start
        while start < asked.end:
            end = min(asked.end, start + STRETCH * width)
            question = Question(start, end, interval=interval, agg=agg, time_zone=asked.zone)
            try:
                answer = ask([metric.device], [metric.key], question).answer()[0]
            except ValidationError:  # so far back there are only coarser steps
                question = Question(start, end, points=MAX_POINTS, agg=agg, time_zone=asked.zone)
                answer = ask([metric.device], [metric.key], question).answer()[0]
            for time, value, *extremes in answer.series[metric.key].points:
                low, high = extremes or (None, None)
                yield datetime.fromtimestamp(float(time or 0) / 1000, UTC), value, low, high  # type: ignore[misc]
            start = end


class _About:
    """The parts of what is said of one device."""

    def __init__(self, measured: Measured) -> None:
        self.measured, self.device, self.asked = measured, measured.device, measured.asked

    def figures(self) -> Iterator[Block]:
        asked, device = self.asked, self.device
        spans = spans_in(device, asked.start, asked.end)
        share = availability(spans, asked.start).percent
        alerts, presence = self._alerts.count(), Presence(device.presence)
        yield Figures(
            [
                Figure("availability", _("Available"), share, "%", 2),
                Figure("alerts", _("Alerts"), alerts, tone=Tone.WARN if alerts else Tone.GOOD),
                Figure("presence", _("Presence now"), word(presence.label), tone=PRESENCE_TONES[presence]),
                Figure("last_message", _("Last message"), device.last_message),
                *figures(self.measured),
            ]
        )
        if self.measured.is_empty:
            yield Missing(_("%(device)s has sent no numbers in this time.") % {"device": device})
        else:
            yield table_of_metrics(self.measured)

    def charts(self) -> Iterator[Block]:
        yield from charts(self.measured)

    def days(self) -> Iterator[Block]:
        if not self.measured.is_empty:
            yield table_of_days(self.measured)

    def alerts(self) -> Iterator[Block]:
        columns = [
            Column("event_time", _("Raised"), Form.TIME),
            Column("severity", _("Severity"), Form.STATE),
            Column("rule", _("Rule")),
            Column("message", _("What was wrong"), share=2),
            Column("resolved_after", _("Over after"), Form.SPAN),
        ]
        rows: list[Row] = [
            (
                alert.event_time,
                word(Severity(alert.worst_severity).label),
                alert.rule_name,
                alert.message,
                alert.resolved_at and alert.resolved_at - alert.event_time,
            )
            for alert in self._alerts[:ALERTS]
        ]
        newest = _("The newest %(count)s alerts") % {"count": ALERTS}
        title = newest if len(rows) == ALERTS else _("Alerts")
        yield Table("alerts", title, columns, rows, by_word(TONES), empty=_("No alert was raised in this time."))

    def quality(self) -> Iterator[Block]:
        found = quality_between(self.device, self.asked.start, self.asked.end)
        covered = found.coverage
        complete = covered.completeness if covered else None
        yield Figures(
            [
                Figure("completeness", _("Complete"), None if complete is None else 100 * complete, "%", 1),
                Figure("gaps", _("Gaps"), len(covered.gaps) if covered else None),
                Figure("late", _("Late"), None if found.late_share is None else 100 * found.late_share, "%", 1),
                Figure(
                    "rejected", _("Values rejected"), found.rejected, tone=Tone.WARN if found.rejected else Tone.NONE
                ),
            ]
        )

    @cached_property
    def _alerts(self) -> AlertQuerySet:
        asked = self.asked
        alerts = Alert.objects.visible_to(asked.user).filter(device=self.device)
        return alerts.filter(event_time__gte=asked.start, event_time__lt=asked.end)
