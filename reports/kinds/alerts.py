from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts.models import Alert
from alerts.models.alert import AlertQuerySet, AlertStatus, Severity
from alerts.patterns import Patterns, Share, patterns
from reports.documents import Bars, Block, Chart, Column, Drawn, Figure, Figures, Form, Row, Series, Table, Text, Tone
from reports.kinds.days import midnight
from reports.kinds.kind import Kind
from reports.words import by_word, word
from telemetry.values import value_in_words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

TONES = {
    Severity.CRITICAL: Tone.BAD,
    Severity.HIGH: Tone.BAD,
    Severity.MEDIUM: Tone.WARN,
    Severity.LOW: Tone.QUIET,
}
DAY = timedelta(days=1)
NOISIEST = 20
LISTED = 500
READ_AT_ONCE = 2_000


class Alerts(Kind):
    """What was wrong, when, and how people answered."""

    name = "alerts"
    label = gettext_lazy("Alerts")
    description = gettext_lazy(
        "How many alerts there were, when, from which rules and devices, and how long people took to answer."
    )
    icon = "bell"
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "summary": gettext_lazy("Summary"),
        "patterns": gettext_lazy("When they came"),
        "noisiest": gettext_lazy("What was noisiest"),
        "alerts": gettext_lazy("Alerts"),
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
            Figure("fires", _("Alerts"), pattern.fires),
            Figure("per_day", _("A day"), pattern.fires / days, precision=1),
            Figure("acknowledge", _("Until acknowledged"), _span(pattern.seconds_to_acknowledge), note=_("median")),
            Figure("resolve", _("Until resolved"), _span(pattern.seconds_to_resolve), note=_("median")),
            *(
                Figure(
                    severity.value, word(severity.label), severities.get(severity, 0), tone=_tone(severity, severities)
                )
                for severity in Severity
            ),
            Figure("open", _("Still open"), still_open, tone=Tone.WARN if still_open else Tone.GOOD),
        ]
        return [Figures(figures)]

    def patterns(self) -> list[Block]:
        if not self.pattern.fires:
            return [Text(_("No alert was raised in this time."), Tone.GOOD)]
        zone = self.asked.zone
        points = [(midnight(day, zone), float(count), None, None) for day, count in self.pattern.per_day]
        start = min(self.asked.start, points[0][0])
        end = max(self.asked.end, points[-1][0] + DAY)
        series = Series("fires", _("Alerts"), points, Drawn.BARS)
        return [
            Chart(_("By day"), "", start, end, [series], step=DAY, precision=0, from_zero=True),
            Bars(
                _("By hour of the day"),
                "",
                [f"{hour:02}" for hour in range(24)],
                [(_("Alerts"), [float(count) for count in self.pattern.per_hour])],
            ),
        ]

    def noisiest(self) -> list[Block]:
        rules, devices = self.pattern.rules[:NOISIEST], self.pattern.devices[:NOISIEST]
        nothing = _("None raised an alert.")
        by_rule = [noise_of(share) for share in rules]
        by_device: list[Row] = [(share.key, *noise_of(share)) for share in devices]
        device_id = Column("device_id", _("Device ID"))
        return [
            Table("rules", _("Rules"), noise(_("Rule")), by_rule, empty=nothing),
            Table("devices", _("Devices"), [device_id, *noise(_("Device"))], by_device, empty=nothing),
        ]

    def alerts(self) -> list[Block]:
        return [listed(self.found, LISTED)]

    def table(self) -> Table:
        columns = [
            Column("id", _("Number"), Form.NUMBER),
            Column("event_time", _("Raised"), Form.TIME),
            Column("received_at", _("Known"), Form.TIME),
            Column("severity", _("Severity"), Form.STATE),
            Column("worst_severity", _("At its worst"), Form.STATE),
            Column("status", _("Status"), Form.STATE),
            Column("project", _("Project")),
            Column("device_id", _("Device ID")),
            Column("about", _("About")),
            Column("rule", _("Rule")),
            Column("message", _("What was wrong")),
            Column("what", _("Measured")),
            Column("value", _("Value")),
            Column("limit", _("Limit")),
            Column("acknowledged_at", _("Acknowledged"), Form.TIME),
            Column("acknowledged_by", _("By")),
            Column("resolved_at", _("Resolved"), Form.TIME),
            Column("resolved_by", _("By")),
        ]
        return Table("every_alert", _("Alerts"), columns, self._rows)

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
        Column("event_time", _("Raised"), Form.TIME),
        Column("severity", _("Severity"), Form.STATE),
        Column("about", _("About"), share=1.2),
        Column("rule", _("Rule"), share=1.1),
        Column("message", _("What was wrong"), share=2.2),
        Column("acknowledged_after", _("Seen after"), Form.SPAN),
        Column("resolved_after", _("Over after"), Form.SPAN),
    ]
    newest = list(alerts.select_related("device").prefetch_related("about").order_by("-event_time", "-pk")[: most + 1])
    some = _("The newest %(count)s") % {"count": value_in_words(most)}
    title = some if len(newest) > most else _("Newest first")
    rows: list[Row] = [
        (
            alert.event_time,
            word(Severity(alert.worst_severity).label),
            str(alert.subject or _("deleted")),
            alert.rule_name,
            alert.message,
            alert.acknowledged_at and alert.acknowledged_at - alert.event_time,
            alert.resolved_at and alert.resolved_at - alert.event_time,
        )
        for alert in newest[:most]
    ]
    return Table("alerts", title, columns, rows, by_word(TONES), empty=_("No alert was raised in this time."))


def noise(label: str) -> list[Column]:
    """The columns of what noise_of() says."""
    return [
        Column("name", label, share=2),
        Column("fires", _("Alerts"), Form.NUMBER, precision=0),
        Column("seconds_open", _("Open, together"), Form.SPAN),
    ]


def noise_of(share: Share) -> Row:
    return share.name, share.fires, timedelta(seconds=share.seconds_open)


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _tone(severity: Severity, counts: dict[str, int]) -> Tone:
    return TONES[severity] if counts.get(severity) else Tone.NONE
