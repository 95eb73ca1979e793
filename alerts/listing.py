"""Which alerts a page shows, in which order: what is asked for in its address."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.http import QueryDict

from alerts.evaluator import SEVERITIES
from alerts.models.alert import AlertQuerySet, Severity
from devices.asked import said

SHOWN = {"open": "Open", "unseen": "Not acknowledged", "over": "Resolved", "all": "All"}


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    count: int
    address: str
    severity: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filters:
    shown: str = "open"
    severity: str = ""
    project: str = ""
    search: str = ""
    rule: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        """What cannot be understood is as if it had not been said."""
        shown, severity, rule = query.get("shown", "open"), query.get("severity", ""), said(query, "rule")
        return cls(
            shown if shown in SHOWN else "open",
            severity if severity in Severity.values else "",
            said(query, "project"),
            said(query, "q"),
            rule if rule.isdecimal() and len(rule) < 18 else "",
        )

    @property
    def address(self) -> str:
        said = {
            "shown": self.shown,
            "severity": self.severity,
            "project": self.project,
            "q": self.search,
            "rule": self.rule,
        }
        return "?" + urlencode({name: value for name, value in said.items() if value})

    def narrow(self, alerts: AlertQuerySet) -> AlertQuerySet:
        """The worst first while they are open, the newest first afterwards."""
        alerts = self._apart_from_severity(alerts)
        if self.severity:
            alerts = alerts.filter(severity=self.severity)
        if self.shown in {"open", "unseen"}:
            ranks = [When(severity=severity, then=Value(rank)) for rank, severity in enumerate(SEVERITIES)]
            return alerts.order_by(Case(*ranks, output_field=IntegerField()), "-event_time", "-pk")
        return alerts.order_by("-event_time", "-pk")

    def tiles(self, alerts: AlertQuerySet) -> list[Tile]:
        """How many there are of each severity, each a link to them."""
        counts = dict(self._apart_from_severity(alerts).order_by().values_list("severity").annotate(count=Count("pk")))
        tiles = [
            Tile(SHOWN[self.shown], sum(counts.values()), replace(self, severity="").address, "", not self.severity)
        ]
        return tiles + [
            Tile(label, counts.get(value, 0), replace(self, severity=value).address, value, self.severity == value)
            for value, label in Severity.choices
        ]

    def _apart_from_severity(self, alerts: AlertQuerySet) -> AlertQuerySet:
        if self.shown in {"open", "unseen"}:
            alerts = alerts.open()
        elif self.shown == "over":
            alerts = alerts.exclude(resolved_at=None)
        if self.shown == "unseen":
            alerts = alerts.filter(acknowledged_at=None)
        if self.project:
            alerts = alerts.filter(project__slug=self.project)
        if self.rule:
            alerts = alerts.filter(rule=self.rule)
        if self.search:
            words = self.search
            alerts = alerts.filter(
                Q(rule_name__icontains=words) | Q(message__icontains=words) | Q(device__device_id__icontains=words)
            )
        return alerts

    @property
    def choices(self) -> list[tuple[str, str, str, bool]]:
        return [
            (value, label, replace(self, shown=value).address, value == self.shown) for value, label in SHOWN.items()
        ]
