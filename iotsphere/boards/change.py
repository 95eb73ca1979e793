"""What becomes of dashboards."""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from devices.audit import record
from devices.permissions import AnyUser
from iotsphere.models import Dashboard

KEPT_FOR = timedelta(days=7)


class Stale(Exception):
    """Somebody else has changed the dashboard since the version that somebody goes by."""

    def __init__(self) -> None:
        super().__init__("Somebody else has changed this dashboard meanwhile. Load it again, or keep yours as a copy.")


def change(dashboard: Dashboard, by: AnyUser, *, version: int | None = None, **fields: Any) -> None:
    """Give it new values; with `version` only if that is what it is at, else raise Stale."""
    rows = Dashboard.objects.kept().filter(pk=dashboard.pk)
    if version is not None:
        rows = rows.filter(version=version)
    if not rows.update(version=F("version") + 1, changed_at=timezone.now(), **fields):
        raise Stale
    if "project" in fields and fields["project"] != dashboard.project:
        project = fields["project"]
        word = "dashboard.unshared" if project is None else "dashboard.shared"
        record(by, word, dashboard, project=project or dashboard.project)


def delete(dashboard: Dashboard, by: AnyUser, *, version: int | None = None) -> None:
    """It can be brought back for KEPT_FOR."""
    change(dashboard, by, version=version, deleted_at=timezone.now())
    record(by, "dashboard.deleted", dashboard, project=dashboard.project)


def restore(dashboard: Dashboard, by: AnyUser) -> None:
    if Dashboard.objects.filter(pk=dashboard.pk, deleted_at__isnull=False).update(deleted_at=None):
        record(by, "dashboard.restored", dashboard, project=dashboard.project)


def prune() -> int:
    """Delete for good what was deleted long enough ago."""
    return Dashboard.objects.filter(deleted_at__lt=timezone.now() - KEPT_FOR).delete()[0]
