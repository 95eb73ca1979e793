"""What a person said about how they want to be told, and what rules where they said nothing."""

from dataclasses import dataclass, field
from typing import Any

from alerts.models import NotificationPreference, Transport
from alerts.models.notification import MinimumSeverity
from alerts.notify.preferences import PEOPLE, Wish, default_wish
from devices.models import Membership, Project
from devices.permissions import AnyUser


@dataclass(frozen=True, slots=True)
class Row:
    """One transport: what the person said (None: nothing), and what rules otherwise, with whose word that is."""

    transport: str
    own: NotificationPreference | None
    ruling: Wish | None  # None: it is not the same everywhere
    whose: str

    @property
    def label(self) -> str:
        return str(Transport(self.transport).label)

    @property
    def ruling_in_words(self) -> str:
        if self.ruling is None:
            return self.whose
        return f"{MinimumSeverity(self.ruling.minimum).label}: {self.whose}"


@dataclass(slots=True)
class Card:
    project: Project | None  # None: all their projects
    rows: list[Row]
    forms: list[Any] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.project.slug if self.project else ""


class Rulings:
    """Of one person; three queries, however many projects they are in."""

    def __init__(self, user: AnyUser) -> None:
        memberships = Membership.objects.filter(user=user.pk).select_related("project").order_by("project__name")
        self._memberships = list(memberships)
        projects = [membership.project_id for membership in self._memberships]
        own = NotificationPreference.objects.filter(user=user.pk)
        self._own = {(row.project_id, row.transport): row for row in own}
        of_projects = NotificationPreference.objects.filter(user=None, project__in=projects)
        self._of_projects = {(row.project_id, row.transport): row for row in of_projects}

    def cards(self) -> list[Card]:
        everywhere = Card(None, [self._everywhere(transport) for transport in PEOPLE])
        return [everywhere, *(self._card(membership) for membership in self._memberships)]

    def _everywhere(self, transport: str) -> Row:
        return Row(transport, self._own.get((None, transport)), None, "as each project says")

    def _card(self, membership: Membership) -> Card:
        return Card(membership.project, [self._row(membership, transport) for transport in PEOPLE])

    def _row(self, membership: Membership, transport: str) -> Row:
        own = self._own.get((membership.project_id, transport))
        if (general := self._own.get((None, transport))) is not None:
            return Row(transport, own, _wish(general), "your word for all projects")
        if (of_project := self._of_projects.get((membership.project_id, transport))) is not None:
            return Row(transport, own, _wish(of_project), "the project's word for its members")
        return Row(transport, own, default_wish(transport, membership.role), "the usual")


def _wish(row: NotificationPreference) -> Wish:
    return Wish(row.minimum, row.quiet_from, row.quiet_to)
