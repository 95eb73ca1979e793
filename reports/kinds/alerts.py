from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

from django.db.models import Count

from alerts.models import Alert
from alerts.models.alert import AlertQuerySet, AlertStatus, Severity
from alerts.patterns import Patterns, Share, patterns
from reports.documents import Bars, Block, Chart, Column, Drawn, Figure, Figures, Form, Row, Series, Table, Text, Tone
from reports.kinds.days import midnight
from reports.kinds.kind import Kind

TONES = {
    Severity.CRITICAL.label: Tone.BAD,
    Severity.HIGH.label: Tone.BAD,
    Severity.MEDIUM.label: Tone.WARN,
    Severity.LOW.label: Tone.QUIET,
}
DAY = timedelta(days=1)
NOISIEST = 20
LISTED = 500
READ_AT_ONCE = 2_000


class Alerts(Kind):
    """What was wrong, when, and how people answered."""

    name = "alerts"
    label = "Alerts"
    description = "How many alerts there were, when, from which rules and devices, and how long people took to answer."
    icon = "bell"
    sections: ClassVar[Mapping[str, str]] = {
        "summary": "Summary",
        "patterns": "When they came",
        "noisiest": "What was noisiest",
        "alerts": "Alerts",
    }

    def seconds(self) -> float:
        return 0.3 + 0.0002 * self.found.count()

    @property
    def every(self) -> AlertQuerySet:
        """What the report is about, of any time."""
        asked = self.asked
        alerts: AlertQuerySet = Alert.objects.visible_to(asked.user)
        if asked.projects:
            alerts = alerts.filter(project__in=asked.projects)
        return alerts.filter(device__device_id__in=asked.device_ids) if asked.device_ids else alerts

    @property
    def found(self) -> AlertQuerySet:
        """Raised in the report's time."""
        return self.every.filter(event_time__gte=self.asked.start, event_time__lt=self.asked.end)

    @cached_property
    def pattern(self) -> Patterns:
        return patterns(self.every, self.asked.start, self.asked.end, self.asked.zone)

    def summary(self) -> list[Block]:
        pattern = self.pattern
        days = self.asked.length / DAY
        severities = dict(self.found.order_by().values_list("worst_severity").annotate(count=Count("pk")))
        still_open = self.found.open().count()
        figures = [
            Figure("fires", "Alerts", pattern.fires),
            Figure("per_day", "A day", pattern.fires / days, precision=1),
            Figure("acknowledge", "Until acknowledged", _span(pattern.seconds_to_acknowledge), note="median"),
            Figure("resolve", "Until resolved", _span(pattern.seconds_to_resolve), note="median"),
            *(
                Figure(severity.value, severity.label, severities.get(severity, 0), tone=_tone(severity, severities))
                for severity in Severity
            ),
            Figure("open", "Still open", still_open, tone=Tone.WARN if still_open else Tone.GOOD),
        ]
        return [Figures(figures)]

    def patterns(self) -> list[Block]:
        if not self.pattern.fires:
            return [Text("No alert was raised in this time.", Tone.GOOD)]
        zone = self.asked.zone
        points = [(midnight(day, zone), float(count), None, None) for day, count in self.pattern.per_day]
        start = min(self.asked.start, points[0][0])
        end = max(self.asked.end, points[-1][0] + DAY)
        series = Series("fires", "Alerts", points, Drawn.BARS)
        return [
            Chart("By day", "", start, end, [series], step=DAY, precision=0, from_zero=True),
            Bars(
                "By hour of the day",
                "",
                [f"{hour:02}" for hour in range(24)],
                [("Alerts", [float(count) for count in self.pattern.per_hour])],
            ),
        ]

    def noisiest(self) -> list[Block]:
        rules, devices = self.pattern.rules[:NOISIEST], self.pattern.devices[:NOISIEST]
        nothing = "None raised an alert."
        by_rule = [noise_of(share) for share in rules]
        by_device: list[Row] = [(share.key, *noise_of(share)) for share in devices]
        device_id = Column("device_id", "Device ID")
        return [
            Table("rules", "Rules", noise("Rule"), by_rule, empty=nothing),
            Table("devices", "Devices", [device_id, *noise("Device")], by_device, empty=nothing),
        ]

    def alerts(self) -> list[Block]:
        return [listed(self.found, LISTED)]

    def table(self) -> Table:
        columns = [
            Column("id", "Number", Form.NUMBER),
            Column("event_time", "Raised", Form.TIME),
            Column("received_at", "Known", Form.TIME),
            Column("severity", "Severity", Form.STATE),
            Column("worst_severity", "At its worst", Form.STATE),
            Column("status", "Status", Form.STATE),
            Column("project", "Project"),
            Column("device_id", "Device ID"),
            Column("about", "About"),
            Column("rule", "Rule"),
            Column("message", "What was wrong"),
            Column("what", "Measured"),
            Column("value", "Value"),
            Column("limit", "Limit"),
            Column("acknowledged_at", "Acknowledged", Form.TIME),
            Column("acknowledged_by", "By"),
            Column("resolved_at", "Resolved", Form.TIME),
            Column("resolved_by", "By"),
        ]
        return Table("every_alert", "Alerts", columns, self._rows)

    def is_empty(self) -> bool:
        return not self.found.exists()

    def _rows(self) -> Iterator[Row]:
        related = self.found.select_related("device", "project", "acknowledged_by", "resolved_by")
        for alert in related.prefetch_related("about").iterator(chunk_size=READ_AT_ONCE):
            yield (
                alert.pk,
                alert.event_time,
                alert.received_at,
                alert.severity,
                alert.worst_severity,
                AlertStatus(alert.status).value,
                alert.project.slug,
                alert.device.device_id if alert.device else "",
                str(alert.subject or ""),
                alert.rule_name,
                alert.message,
                alert.what,
                alert.value,
                alert.limit,
                alert.acknowledged_at,
                str(alert.acknowledged_by or ""),
                alert.resolved_at,
                str(alert.resolved_by or ""),
            )


def listed(alerts: AlertQuerySet, most: int) -> Table:
    """The newest of them."""
    columns = [
        Column("event_time", "Raised", Form.TIME),
        Column("severity", "Severity", Form.STATE),
        Column("about", "About", share=1.2),
        Column("rule", "Rule", share=1.1),
        Column("message", "What was wrong", share=2.2),
        Column("acknowledged_after", "Seen after", Form.SPAN),
        Column("resolved_after", "Over after", Form.SPAN),
    ]
    newest = list(alerts.select_related("device").prefetch_related("about").order_by("-event_time", "-pk")[: most + 1])
    title = f"The newest {most:,}" if len(newest) > most else "Newest first"
    rows: list[Row] = [
        (
            alert.event_time,
            Severity(alert.worst_severity).label,
            str(alert.subject or "deleted"),
            alert.rule_name,
            alert.message,
            alert.acknowledged_at and alert.acknowledged_at - alert.event_time,
            alert.resolved_at and alert.resolved_at - alert.event_time,
        )
        for alert in newest[:most]
    ]
    return Table("alerts", title, columns, rows, TONES, empty="No alert was raised in this time.")


def noise(label: str) -> list[Column]:
    """The columns of what noise_of() says."""
    return [
        Column("name", label, share=2),
        Column("fires", "Alerts", Form.NUMBER, precision=0),
        Column("seconds_open", "Open, together", Form.SPAN),
    ]


def noise_of(share: Share) -> Row:
    return share.name, share.fires, timedelta(seconds=share.seconds_open)


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _tone(severity: Severity, counts: dict[str, int]) -> Tone:
    return TONES[severity.label] if counts.get(severity) else Tone.NONE
