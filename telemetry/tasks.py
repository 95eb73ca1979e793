from celery import shared_task
from django.db import connection
from django.utils import timezone

from devices.presence import sweep
from telemetry import evaluators, live, partitions, recut, rejected, retention, rollups


@shared_task
def sweep_presence() -> None:
    live.push(live.presence_changes(sweep(timezone.now())))


@shared_task
def prune_rejected_items() -> None:
    rejected.prune(timezone.now())


@shared_task
def roll_up() -> None:
    rollups.recompute()


@shared_task
def maintain_partitions() -> None:
    if connection.vendor == "postgresql":
        partitions.maintain(timezone.now())


@shared_task
def enforce_retention() -> None:
    retention.enforce(timezone.now())


@shared_task
def recut_days() -> None:
    recut.recut()


@shared_task
def retry_evaluators() -> None:
    evaluators.retry(timezone.now())
