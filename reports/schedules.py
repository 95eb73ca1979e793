"""Schedules: what is due is begun, once; people stop, try and leave them."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import APIException

from devices.api.errors import Conflict
from devices.models import Project
from reports import runs, troubles
from reports.models import Delivery, Purpose, Run, RunStatus, Schedule, Unsubscription
from reports.refusals import sentence

PREVIEWED = 5
MOMENT = timedelta(seconds=1)


def zone_for(user: Any, project: Project) -> ZoneInfo:
    """Whose clock a new schedule goes by: that of its owner."""
    return ZoneInfo(str(user.time_zone or project.time_zone))


def plan(schedule: Schedule, now: datetime) -> None:
    """Note when it is due next, after somebody has changed it. What is due already, and still meant, stays due."""
    timing, due = schedule.timing, schedule.next_due
    if schedule.is_paused:
        due = None
    elif due is None or timing.after(due - MOMENT) != due:
        due = timing.after(now)
    schedule.next_due = due
    _keep_due(schedule)


def _keep_due(schedule: Schedule) -> None:
    """Nobody has changed anything: its history says nothing of it."""
    Schedule.objects.filter(pk=schedule.pk).update(next_due=schedule.next_due)


def preview(schedule: Schedule, now: datetime) -> list[datetime]:
    """When it is due next, in its own zone."""
    timing = schedule.timing
    return [due.astimezone(timing.zone) for due in timing.following(now, PREVIEWED)]


def pause(schedule: Schedule) -> bool:
    """False if it is paused already."""
    return bool(Schedule.objects.filter(pk=schedule.pk, is_paused=False).update(is_paused=True, next_due=None))


def resume(schedule: Schedule, now: datetime) -> bool:
    """False if it is not paused. What was due meanwhile is not made good."""
    due = schedule.timing.after(now)
    return bool(Schedule.objects.filter(pk=schedule.pk, is_paused=True).update(is_paused=False, next_due=due))


def begin_due(now: datetime) -> int:
    """Ask for the reports that are due: how many. Workers may do so side by side.

    Each slot is taken in one transaction: the run is there and the schedule has moved on, or neither. Of slots that
    were missed while the portal was away the last one is made good.
    """
    begun = 0
    for pk in list(Schedule.objects.due(now).order_by("next_due", "pk").values_list("pk", flat=True)):
        with transaction.atomic():
            due = Schedule.objects.due(now).select_for_update(skip_locked=True, of=("self",)).filter(pk=pk)
            schedule = due.select_related("template__project", "owner").first()
            if schedule is not None:
                begun += _begin(schedule, now)
    if begun:
        runs.wake_worker()
    return begun


def send_test(schedule: Schedule, to: Any) -> Run:
    """Make it now, and send it to one person alone. Raises as runs.request."""
    template, now = schedule.template, timezone.now()
    if not to.email:
        raise Conflict("Your account has no mail address.")
    with transaction.atomic():
        run = runs.request(to, template.parameters, template.format, template=template)
        Delivery.objects.create(
            schedule=schedule, slot=now, purpose=Purpose.TEST, run=run, user=to, address=to.email, due_at=now
        )
        runs.wake_worker()
    return run


def unsubscribe(schedule: Schedule, address: str) -> None:
    Unsubscription.objects.get_or_create(schedule=schedule, address=address.lower())


def _begin(schedule: Schedule, now: datetime) -> int:
    if schedule.next_due is None:
        return 0
    slot = schedule.timing.latest(schedule.next_due, now)
    schedule.next_due = schedule.timing.after(now)
    _keep_due(schedule)
    if not schedule.runs.filter(slot=slot).exists():
        _ask(schedule, slot, now)
    return 1


def _ask(schedule: Schedule, slot: datetime, now: datetime) -> None:
    template = schedule.template
    try:
        runs.request(
            schedule.owner, template.parameters, template.format, template=template, schedule=schedule, slot=slot
        )
    except APIException as error:
        problem = sentence(error)[:500]
        run = Run.objects.create(
            project=template.project, template=template, schedule=schedule, slot=slot, kind=template.kind,
            title=template.name, said=template.parameters, format=template.format, as_of=slot, status=RunStatus.FAILED,
            problem=problem, requested_by=schedule.owner, finished_at=now,
        )  # fmt: skip
        troubles.tell(schedule, slot, problem, now, run=run)
