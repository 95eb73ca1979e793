"""Have a worker do now what beat would have it do before long."""

from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

OUTBOX = "devices.tasks.work_off_outbox"
LOSES_ITS_USE_AFTER = 10  # seconds: by then beat has had the outbox looked at


def wake_outbox() -> None:
    """Have the outbox (devices.outbox) looked at, after the commit of what is waiting."""
    start_soon(OUTBOX, expires=LOSES_ITS_USE_AFTER)


def start_soon(task: str, *arguments: Any, expires: float | None = None) -> None:
    """Start the task after the commit. It may be lost: it is for what beat finds by itself a little later."""
    transaction.on_commit(lambda: _send(task, arguments, expires), robust=True)


def _send(task: str, arguments: tuple[Any, ...], expires: float | None) -> None:
    try:
        current_app.send_task(task, args=arguments, expires=expires, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("a task is not started now: Redis does not answer", task=task, error=str(error))
