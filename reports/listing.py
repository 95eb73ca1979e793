"""Which reports a page shows: what is asked for in its address."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from devices.asked import said
from reports.kinds import KINDS
from reports.models import RunStatus
from reports.models.run import RunQuerySet


@dataclass(frozen=True, slots=True)
class RunFilters:
    status: str = ""
    kind: str = ""
    project: str = ""
    search: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "RunFilters":
        """What cannot be understood is as if it had not been said."""
        status, kind = query.get("status", ""), query.get("kind", "")
        return cls(
            status if status in RunStatus.values else "",
            kind if kind in KINDS else "",
            said(query, "project"),
            said(query, "q"),
        )

    def __bool__(self) -> bool:
        return self != RunFilters()

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return RunStatus.choices

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(name, str(kind.label)) for name, kind in KINDS.items()]

    @property
    def address(self) -> str:
        said = {"status": self.status, "kind": self.kind, "project": self.project, "q": self.search}
        return "?" + urlencode({name: value for name, value in said.items() if value})

    def narrow(self, runs: RunQuerySet) -> RunQuerySet:
        if self.status:
            runs = runs.filter(status=self.status)
        if self.kind:
            runs = runs.filter(kind=self.kind)
        if self.project:
            runs = runs.filter(project__slug=self.project)
        return runs.filter(title__icontains=self.search) if self.search else runs
