"""Reports on their way to people: rows written with the run that is done, sent by whoever claims them first.

A worker that dies between sending and noting that it has sent leaves a claim that expires: then the mail is sent once
more, under the same Message-ID, by which mail programs know it again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from alerts.notify.deliver import pause_after
from alerts.notify.undelivered import Undelivered
from devices.permissions import Permission, may
from reports import mail, troubles
from reports.models import Delivery, DeliveryStatus, Purpose, Run
from reports.models.run import OPEN
from reports.recipients import is_recipient, recipients

log = structlog.get_logger(__name__)

CLAIM_LASTS = timedelta(minutes=5)
CHUNK = 20  # mails with files
WORK_AT_MOST = 120.0  # seconds spent on what was claimed: then the rest is claimed anew, long before the claim expires
ATTEMPTS = 8
BROKEN = "It could not be put into a mail. The error is in the portal's log."


def enqueue(run: Run, now: datetime) -> int:
    """Queue a run that is done for all whom its schedule is for: how many there are."""
    schedule = run.schedule
    if schedule is None or run.slot is None or (run.is_empty and schedule.skips_empty):
        return 0
    queued = [
        Delivery(schedule=schedule, slot=run.slot, run=run, user=user, address=address, due_at=now)
        for user, address in recipients(schedule)
    ]
    Delivery.objects.bulk_create(queued, ignore_conflicts=True)
    return len(queued)


def send_due(now: datetime) -> int:
    """Send all that is due: how many were sent. Workers may do so side by side."""
    sent = 0
    while claimed := _claim(now):
        sent += _send(claimed, now)
    return sent


def _claim(now: datetime) -> Sequence[Delivery]:
    is_free = Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM_LASTS)
    with transaction.atomic():
        due = Delivery.objects.filter(is_free, status=DeliveryStatus.QUEUED, due_at__lte=now)
        # A test waits for its report; NULL is of none.
        ready = due.filter(Q(run=None) | ~Q(run__status__in=OPEN))
        rows = list(ready.order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",))[:CHUNK])
        pks = [row.pk for row in rows]
        Delivery.objects.filter(pk__in=pks).update(claimed_at=now)
    related = ("schedule__template__project", "schedule__owner", "run", "user")
    return list(Delivery.objects.filter(pk__in=pks).order_by("pk").select_related(*related))


def _send(claimed: Sequence[Delivery], now: datetime) -> int:
    began = monotonic()
    sent = 0
    for delivery in claimed:
        if reason := _needless(delivery):
            _note(delivery, DeliveryStatus.DROPPED, reason)
        elif monotonic() - began > WORK_AT_MOST:
            Delivery.objects.filter(pk=delivery.pk).update(claimed_at=None)
        else:
            sent += _try(delivery, now)
    return sent


def _needless(delivery: Delivery) -> str:
    """Why nobody has to be sent it any more; empty if somebody has."""
    run = delivery.run
    if delivery.purpose == Purpose.FAILURE:
        owned = may(delivery.schedule.owner, Permission.VIEW, delivery.schedule.template.project)
        return "" if owned else "may not see it any more"
    if run is None or not run.has_file:
        return f"there is no file: {run.problem}" if run and run.problem else "there is no file any more"
    if delivery.user is not None and not Run.objects.where_user_may(delivery.user, Permission.VIEW).contains(run):
        return "may not see it any more"
    if delivery.purpose == Purpose.REPORT and not is_recipient(delivery.schedule, delivery.address):
        return "unsubscribed, or no recipient any more"
    return ""


def _try(delivery: Delivery, now: datetime) -> int:
    try:
        answer = mail.send(delivery)
    except Undelivered as error:
        _fail(delivery, str(error), now, is_final=isinstance(error, mail.Refused))
        return 0
    except Exception:
        # The others that were claimed with it are sent all the same.
        log.exception("a report could not be put into a mail", delivery=delivery.pk)
        _fail(delivery, BROKEN, now, is_final=False)
        return 0
    _note(delivery, DeliveryStatus.SENT, answer)
    return 1


def _fail(delivery: Delivery, answer: str, now: datetime, *, is_final: bool) -> None:
    attempts = delivery.attempts + 1
    log.warning("a report was not delivered", delivery=delivery.pk, attempts=attempts, answer=answer)
    is_over = is_final or attempts >= ATTEMPTS
    with transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.DEAD if is_over else DeliveryStatus.QUEUED,
            attempts=attempts,
            answer=answer[:300],
            due_at=now + pause_after(attempts),
            claimed_at=None,
        )
        if is_over and delivery.purpose == Purpose.REPORT:
            problem = f"{delivery.address} did not get it: {answer}"
            troubles.tell(delivery.schedule, delivery.slot, problem, now, run=delivery.run)


def _note(delivery: Delivery, status: DeliveryStatus, answer: str) -> None:
    now = timezone.now()
    is_sent = status == DeliveryStatus.SENT
    with transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(
            status=status,
            answer=answer[:300],
            attempts=delivery.attempts + is_sent,
            sent_at=now if is_sent else None,
            claimed_at=None,
        )
        if delivery.purpose == Purpose.REPORT:
            troubles.settle(delivery.schedule, delivery.slot, now)
