"""Which rules a page shows: what is asked for in its address."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

from alerts.models.rule import AlertRuleQuerySet
from devices.asked import said

SHOWN = {"": "All", "on": "Enabled", "off": "Disabled"}


@dataclass(frozen=True, slots=True)
class RuleFilters:
    shown: str = ""
    project: str = ""
    type: str = ""
    search: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "RuleFilters":
        """What cannot be understood is as if it had not been said."""
        shown = query.get("shown", "")
        return cls(shown if shown in SHOWN else "", said(query, "project"), said(query, "type"), said(query, "q"))

    def __bool__(self) -> bool:
        return self != RuleFilters()

    @property
    def address(self) -> str:
        said = {"shown": self.shown, "project": self.project, "type": self.type, "q": self.search}
        return "?" + urlencode({name: value for name, value in said.items() if value})

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        return [(label, replace(self, shown=value).address, value == self.shown) for value, label in SHOWN.items()]

    def narrow(self, rules: AlertRuleQuerySet) -> AlertRuleQuerySet:
        if self.shown:
            rules = rules.filter(is_enabled=self.shown == "on")
        if self.project:
            rules = rules.filter(Q(project__slug=self.project) | Q(project=None))
        if self.type:
            rules = rules.filter(device_type__slug=self.type)
        if self.search:
            rules = rules.filter(Q(name__icontains=self.search) | Q(description__icontains=self.search))
        return rules.order_by("name", "pk")
