"""The accounts to try the portal with: one for each way of working."""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from devices.models import Membership, Project
from devices.permissions import Role

# In their order of power: user name, role in the demo project, further rights.
ACCOUNTS: tuple[tuple[str, Role, dict[str, Any]], ...] = (
    ("admin", Role.ADMIN, {"is_staff": True, "is_superuser": True}),
    ("operator", Role.OPERATOR, {}),
    ("viewer", Role.VIEWER, {}),
)


@transaction.atomic
def make_demo_accounts(project: Project, password: str = "") -> dict[str, str]:
    """Make those accounts that do not exist: their passwords, random unless one is given."""
    users, made = get_user_model().objects, {}
    for username, role, rights in ACCOUNTS:
        if not users.filter(username__iexact=username).exists():
            made[username] = password or secrets.token_urlsafe(12)
            user = users.create_user(username, password=made[username], **rights)
            Membership.objects.create(user=user, project=project, role=role)
    return made
