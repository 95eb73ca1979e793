"""Have the outbox (devices.outbox) looked at now, not in a few seconds."""

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

TASK = "devices.tasks.work_off_outbox"
LOSES_ITS_USE_AFTER = 10  # seconds: by then beat has had the outbox looked at


def wake_outbox() -> None:
    """After the commit of what is waiting. It may be lost: then what waits goes a few seconds later."""
    transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    try:
        current_app.send_task(TASK, expires=LOSES_ITS_USE_AFTER, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("the outbox is not woken: Redis does not answer", error=str(error))
