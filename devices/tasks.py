from celery import shared_task
from django.utils import timezone

from devices import availability, broker, outbox, removal
from devices.api.once import forget_old_answers
from devices.credentials import warn_of_expiry
from devices.firmware import rollout
from devices.models import Purge


@shared_task
def keep_broker_informed() -> None:
    """Credentials expire without an event; this also makes good what failed after a commit."""
    broker.follow()


@shared_task
def warn_of_expiring_credentials() -> None:
    warn_of_expiry()


@shared_task
def work_off_outbox() -> None:
    """Every few seconds, and as soon as something is put into it (devices.wake)."""
    outbox.work_off()


@shared_task
def withdraw_desired(device_id: str) -> None:
    """After a twin is gone."""
    outbox.withdraw_desired(device_id)


@shared_task
def roll_firmware_out() -> None:
    """Time-outs, waves that are due, and what nobody could follow when it happened."""
    rollout.work_off()


@shared_task
def prune_kept_answers() -> None:
    forget_old_answers()


@shared_task
def purge_device(pk: int) -> None:
    if purge := Purge.objects.filter(pk=pk).first():
        removal.carry_out(purge)


@shared_task
def go_on_with_purges() -> None:
    """What was lost on its way to a worker, or with one."""
    for pk in removal.stalled(timezone.now()):
        purge_device(pk)


@shared_task
def prune_presence_spans() -> None:
    availability.prune(timezone.now())
