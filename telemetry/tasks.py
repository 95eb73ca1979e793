from celery import shared_task
from django.utils import timezone

from devices.presence import sweep
from telemetry import ledger, live


@shared_task
def sweep_presence() -> None:
    live.push(live.presence_changes(sweep(timezone.now())))


@shared_task
def prune_rejected_items() -> None:
    ledger.prune_samples(timezone.now())
