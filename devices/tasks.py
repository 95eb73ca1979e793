from celery import shared_task

from devices.broker_files import write_broker_files
from devices.credentials import warn_of_expiry


@shared_task
def keep_broker_files() -> None:
    """Credentials expire without an event; this also makes good what failed after a commit."""
    write_broker_files()


@shared_task
def warn_of_expiring_credentials() -> None:
    warn_of_expiry()
