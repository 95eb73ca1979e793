"""Reports are asked for, made and thrown away.

A run is a row. Whoever makes one holds it by a lease and renews that as it goes on; of a worker that dies the lease
ends, and another one makes it anew. What it comes to is written down only by who holds it still.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone, translation
from rest_framework.exceptions import APIException, PermissionDenied

from devices.api.scoped import require
from devices.audit import record
from devices.models import Project
from devices.permissions import Permission, may
from reports import deliveries, troubles
from reports.asked import Asked
from reports.kinds import KINDS
from reports.models import Letterhead, ReportTemplate, Run, RunStatus, Schedule
from reports.models.run import OPEN, stored_name
from reports.question import read
from reports.refusals import sentence
from reports.render import file_name, is_small, write

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 3
TRY_AGAIN = timedelta(minutes=1)
RENEW_EVERY = 0.5  # seconds
ORPHAN_AFTER = timedelta(days=1)
DIED = "The workers that made it died, three times. It may be too large: ask for less."
FAILED = "It could not be made. The error is in the portal's log."


class Cancelled(Exception):
    """Somebody has cancelled it, or another worker has taken it over."""


class Refused(Exception):
    """Why it cannot be made, in a sentence for who asked for it."""


def request(
    by: Any,
    said: Mapping[str, Any],
    form: str,
    *,
    template: ReportTemplate | None = None,
    schedule: Schedule | None = None,
    slot: datetime | None = None,
) -> Run:
    """Note that a report is wanted, with the rights of `by`: `said` is what reports.question reads.

    Raises what that raises, and PermissionDenied.
    """
    return _request(read(said, by, slot or timezone.now()), form, template=template, schedule=schedule, slot=slot)


def start(by: Any, said: Mapping[str, Any], form: str, *, template: ReportTemplate | None = None) -> Run:
    """Request it; make it now if that takes no time, else let a worker do it. Raises as `request`."""
    asked = read(said, by)
    run = _request(asked, form, template=template)
    if is_small(asked, form):
        make(run.pk)
        run.refresh_from_db()
    else:
        wake_worker()
    return run


def again(run: Run, by: Any) -> Run:
    """Start the same once more, of now, with the rights of `by`. Raises as `request`."""
    return start(by, run.said, run.format, template=run.template)


def _request(
    asked: Asked,
    form: str,
    *,
    template: ReportTemplate | None,
    schedule: Schedule | None = None,
    slot: datetime | None = None,
) -> Run:
    by: Any = asked.user
    projects = _projects(asked)
    with translation.override(asked.language):
        title = asked.title or str(KINDS[asked.kind].label)
    for project in projects:
        require(by, Permission.RUN_REPORTS, project)
    run = Run(
        project=projects[0],
        template=template,
        schedule=schedule,
        slot=slot,
        kind=asked.kind,
        title=title,
        said=asked.said,
        format=form,
        as_of=asked.now,
        requested_by=by,
    )
    with transaction.atomic():
        run.save(force_insert=True)
        run.also.set(projects[1:])
        if schedule is None:
            record(by, "report.requested", run.title, project=run.project, kind=run.kind, format=form)
    return run


def cancel(run: Run) -> bool:
    """False if it is over."""
    found = Run.objects.filter(pk=run.pk, status__in=OPEN)
    return bool(found.update(status=RunStatus.CANCELLED, finished_at=timezone.now(), leased_until=None))


def work_off() -> int:
    """Make what waits, one after the other, unless enough are being made: how many were made."""
    made = 0
    while (pk := _next(timezone.now())) is not None:
        made += make(pk)
    return made


def make(pk: Any) -> bool:
    """Make one, if nobody else does; whether it was made."""
    run = _claim(pk, timezone.now())
    if run is None:
        return False
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / stored_name(run, "")
    try:
        if run.attempts > MOST_ATTEMPTS:
            raise Refused(DIED)
        asked = _asked(run)
        with file.open("wb") as opened:
            is_empty = not write(asked, run.format, opened, Progress(run))
        return _finish(run, file, asked, is_empty=is_empty)
    except Cancelled:
        file.unlink(missing_ok=True)
    except Refused as refusal:
        _fail(run, str(refusal))
    except Exception:
        file.unlink(missing_ok=True)
        log.exception("a report could not be made", run=str(run.pk), kind=run.kind)
        _fail_or_try_again(run)
    return False


def wake_worker() -> None:
    """It looks for itself every few seconds; now it does so at once."""
    from reports.tasks import make_reports  # noqa: PLC0415 (the task calls what is here)

    transaction.on_commit(make_reports.delay)


def throw_away(now: datetime) -> int:
    """Files whose time is over, and what workers that died have left: how many."""
    gone = 0
    for run in Run.objects.filter(expires_at__lte=now).exclude(file="").iterator():
        name = str(run.file.name)
        run.note(file="")
        run.file.storage.delete(name)
        gone += 1
    return gone + sum(map(_throw_away_orphan, _orphans(now)))


@receiver(post_delete, sender=Run)
def throw_away_file(instance: Run, **_: Any) -> None:
    if instance.file:
        storage, name = instance.file.storage, str(instance.file.name)
        transaction.on_commit(partial(storage.delete, name), robust=True)


def _next(now: datetime) -> Any:
    """The one that has waited longest; None as long as enough are being made."""
    if Run.objects.filter(status=RunStatus.RUNNING, leased_until__gte=now).count() >= settings.REPORTS_AT_ONCE:
        return None
    return Run.objects.to_be_made(now).order_by("requested_at", "pk").values_list("pk", flat=True).first()


def _claim(pk: Any, now: datetime) -> Run | None:
    with transaction.atomic():
        run = Run.objects.to_be_made(now).filter(pk=pk).select_for_update(skip_locked=True, of=("self",)).first()
        if run is None:
            return None
        run.note(
            status=RunStatus.RUNNING,
            attempts=run.attempts + 1,
            leased_until=now + LEASE,
            started_at=now,
            percent=0,
        )
    return Run.objects.select_related("requested_by", "project", "schedule__owner").get(pk=pk)


def _mine(run: Run) -> Any:
    """The row, as long as it is this worker's."""
    return Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING, attempts=run.attempts)


def _asked(run: Run) -> Asked:
    """What is to be written, with the rights that whoever asked for it has now."""
    by = run.requested_by
    if by is None:
        raise Refused("Whoever asked for it has no account any more.")
    for project in (run.project, *run.also.all()):
        if not may(by, Permission.RUN_REPORTS, project):
            raise Refused(f"{by} may not {Permission.RUN_REPORTS.label} in {project} any more.")
    try:
        asked = read(run.said, by, run.as_of)
    except APIException as error:
        raise Refused(sentence(error)) from error
    return _on_letterhead(asked)


def _on_letterhead(asked: Asked) -> Asked:
    found = Letterhead.objects.filter(project=asked.project).first() if asked.project else None
    if found is None:
        return asked
    return replace(asked, organisation=found.organisation, logo=bytes(found.logo) or None)


def _projects(asked: Asked) -> list[Project]:
    """Those that it shows: whoever looks at it has to see them all."""
    if asked.projects:
        return list(asked.projects)
    kind = KINDS[asked.kind]
    shown = Q()
    if kind.is_about_devices:
        shown |= Q(pk__in=asked.devices.order_by().values("project"))
    if kind.is_about_models:
        shown |= Q(pk__in=asked.models.order_by().values("project"))
    found = list(Project.objects.visible_to(asked.user).filter(shown)) or list(Project.objects.visible_to(asked.user))
    if not found:
        raise PermissionDenied("You are in no project.")
    return found


class Progress:
    """Called with the share that is done: notes it, and keeps the run ours."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._noted = 0.0

    def __call__(self, share: float) -> None:
        """Raises Cancelled."""
        if monotonic() - self._noted < RENEW_EVERY:
            return
        self._noted = monotonic()
        percent = min(99, int(100 * share))
        if not _mine(self._run).update(percent=percent, leased_until=timezone.now() + LEASE):
            raise Cancelled


def _finish(run: Run, file: Path, asked: Asked, *, is_empty: bool) -> bool:
    now = timezone.now()
    done = {
        "status": RunStatus.DONE,
        "percent": 100,
        "problem": "",
        "is_empty": is_empty,
        "finished_at": now,
        "leased_until": None,
        "file": file.name,
        "file_name": file_name(asked, run.format),
        "size": file.stat().st_size,
        "sha256": _sha256(file),
        "expires_at": now + timedelta(days=settings.REPORTS_KEPT_DAYS),
    }
    with transaction.atomic():
        if not _mine(run).update(**done):
            raise Cancelled
        run.refresh_from_db()
        deliveries.enqueue(run, now)
    return True


def _fail_or_try_again(run: Run) -> None:
    """Nobody waits in front of one that a schedule has asked for: it is tried again."""
    if run.schedule_id is None or run.attempts >= MOST_ATTEMPTS:
        _fail(run, FAILED)
    else:
        _mine(run).update(status=RunStatus.QUEUED, leased_until=timezone.now() + TRY_AGAIN, problem=FAILED)


def _fail(run: Run, problem: str) -> None:
    now = timezone.now()
    with transaction.atomic():
        failed = _mine(run).update(status=RunStatus.FAILED, problem=problem[:500], finished_at=now, leased_until=None)
        if failed and run.schedule is not None and run.slot is not None:
            troubles.tell(run.schedule, run.slot, problem, now, run=run)


def _folder() -> Path:
    return Path(Run.file.field.storage.path(""))


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _orphans(now: datetime) -> list[Path]:
    """Old files that no row knows of."""
    old = [file for file in _folder().glob("*-*.*") if file.stat().st_mtime < (now - ORPHAN_AFTER).timestamp()]
    known = set(Run.objects.filter(file__in=[file.name for file in old]).values_list("file", flat=True))
    return [file for file in old if file.name not in known]


def _throw_away_orphan(file: Path) -> int:
    with suppress(FileNotFoundError):
        file.unlink()
        return 1
    return 0
