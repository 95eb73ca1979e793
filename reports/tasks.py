from celery import shared_task
from django.utils import timezone

from reports import deliveries, runs, schedules


@shared_task
def begin_due_schedules() -> None:
    schedules.begin_due(timezone.now())


@shared_task
def make_reports() -> None:
    """Every few seconds, and as soon as one is asked for: also what was lost on its way to a worker, or with one."""
    runs.work_off()


@shared_task
def send_reports() -> None:
    deliveries.send_due(timezone.now())


@shared_task
def throw_reports_away() -> None:
    runs.throw_away(timezone.now())
