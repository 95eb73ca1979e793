from celery import shared_task

from devices.api.once import forget_old_answers
from devices.broker_files import write_broker_files
from devices.credentials import warn_of_expiry
from devices.outbox import work_off


@shared_task
def keep_broker_files() -> None:
    """Credentials expire without an event; this also makes good what failed after a commit."""
    write_broker_files()


@shared_task
def warn_of_expiring_credentials() -> None:
    warn_of_expiry()


@shared_task
def work_off_outbox() -> None:
    """Every few seconds, and as soon as something is put into it (devices.wake)."""
    work_off()


@shared_task
def prune_kept_answers() -> None:
    forget_old_answers()
