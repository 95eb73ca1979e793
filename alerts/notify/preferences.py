"""Who wants to be told of an alert, and through what. Pure, but for reading what people prefer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.evaluator import SEVERITIES, Severity
from alerts.models import NotificationPreference, Transport
from alerts.models.notification import MinimumSeverity
from devices.models import Membership, Project
from devices.permissions import Role

PEOPLE = (Transport.IN_APP, Transport.EMAIL, Transport.WEB_PUSH)


@dataclass(frozen=True, slots=True)
class Wish:
    """From which severity on, and the hours in which only critical alerts come through."""

    minimum: str
    quiet_from: time | None = None
    quiet_to: time | None = None

    def wants(self, severity: str) -> bool:
        return self.minimum != MinimumSeverity.NEVER and is_at_least(severity, self.minimum)

    def held_until(self, severity: str, at: datetime, zone: ZoneInfo) -> datetime:
        """When somebody in that time zone may be told: now, or when the quiet hours are over."""
        if self.quiet_from is None or self.quiet_to is None or severity == Severity.CRITICAL:
            return at
        local = at.astimezone(zone)
        clock = local.time()
        over_midnight = self.quiet_from >= self.quiet_to
        after_start, before_end = clock >= self.quiet_from, clock < self.quiet_to
        if not ((after_start or before_end) if over_midnight else (after_start and before_end)):
            return at
        day = local.date() + timedelta(days=1 if over_midnight and after_start else 0)
        return datetime.combine(day, self.quiet_to, zone)


def default_wish(transport: str, role: str) -> Wish:
    """What counts where nobody said otherwise: the portal shows all; mail goes to those who can do something. Who has
    a browser told has asked for it.
    """
    if transport == Transport.IN_APP:
        return Wish(MinimumSeverity.LOW)
    if transport == Transport.WEB_PUSH:
        return Wish(MinimumSeverity.HIGH)
    return Wish(MinimumSeverity.NEVER if role == Role.VIEWER else MinimumSeverity.HIGH)


def is_at_least(severity: str, minimum: str) -> bool:
    return SEVERITIES.index(Severity(severity)) <= SEVERITIES.index(Severity(minimum))


def wishes(project: Project) -> Iterator[tuple[Membership, str, Wish]]:
    """What each member of a project wants, for each transport that reaches people."""
    members = project.memberships.filter(user__is_active=True).select_related("user")
    said = _said(project, [member.user_id for member in members])
    for member in members:
        for transport in PEOPLE:
            ranked = ((member.user_id, project.pk), (member.user_id, None), (None, project.pk))
            found = next((said[who, of, transport] for who, of in ranked if (who, of, transport) in said), None)
            yield member, transport, found or default_wish(transport, member.role)


def _said(project: Project, users: Iterable[int]) -> dict[tuple[int | None, int | None, str], Wish]:
    of_people = NotificationPreference.objects.filter(user__in=users).filter(project__in=[project]) | (
        NotificationPreference.objects.filter(user__in=users, project=None)
    )
    of_project = NotificationPreference.objects.filter(user=None, project=project)
    return {
        (row.user_id, row.project_id, row.transport): Wish(row.minimum, row.quiet_from, row.quiet_to)
        for row in of_people | of_project
    }
