"""Whom a schedule's report goes to, as things are now."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Q

from devices.permissions import Permission, may
from reports.models import Schedule


class Recipient(NamedTuple):
    """Somebody with an account, or an address alone."""

    user: Any
    address: str


def recipients(schedule: Schedule) -> list[Recipient]:
    """Each mail address once; without those who have unsubscribed, may not see it, or have no address."""
    gone = {address.lower() for address in schedule.unsubscriptions.values_list("address", flat=True)}
    found: dict[str, Recipient] = {}
    for recipient in _all(schedule):
        key = recipient.address.lower()
        if key and key not in gone:
            found.setdefault(key, recipient)
    return list(found.values())


def is_recipient(schedule: Schedule, address: str) -> bool:
    return address.lower() in {recipient.address.lower() for recipient in recipients(schedule)}


def _all(schedule: Schedule) -> Iterator[Recipient]:
    project = schedule.template.project
    chosen = Q(pk__in=schedule.users.values("pk"))
    by_role = Q(memberships__project=project, memberships__role__in=schedule.roles)
    people = get_user_model().objects.filter(chosen | by_role, is_active=True).distinct().order_by("pk")
    for user in people:
        if may(user, Permission.VIEW, project):
            yield Recipient(user, user.email)
    for address in schedule.addresses:
        yield Recipient(None, address)
