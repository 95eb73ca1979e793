"""Devices that are no longer wanted: archived, which keeps what they have sent, or purged, which does not.

A purge runs in a worker, in small transactions that each note what they took away. One that is interrupted is gone on
with (devices.tasks). Each app says what it has of a device by receiving the signal `purging`.

Locks: chunks lock the rows they delete and then the purge, which nobody waits for who writes. The device itself goes
last, by Device.delete(), whose order of locks is that of ingest (telemetry.series.wait_for_ingest).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, cast

import structlog
from django.db import transaction
from django.utils import timezone

from devices import audit
from devices.models import Device, Lifecycle, Purge
from devices.permissions import AnyUser
from devices.signals import purging
from devices.wake import start_soon

log = structlog.get_logger(__name__)

TASK = "devices.tasks.purge_device"
STALLED_AFTER = timedelta(minutes=2)


class Share(NamedTuple):
    """What an app has of a device: how many rows, and the steps that delete them, each yielding what and how many.

    Every step runs in a transaction of its own, so it must be a small one.
    """

    rows: int
    steps: Iterator[tuple[str, int]]


def archive(devices: Iterable[Device], by: "AnyUser | None") -> int:
    """Keep what the devices have sent and take no more; how many were not archived before."""
    archived = 0
    with transaction.atomic():
        for device in _locked(devices):
            if device.lifecycle != Lifecycle.ARCHIVED:
                _put_away(device)
                audit.record(by, "device.archived", device.device_id, project=device.project)
                archived += 1
    return archived


def ask_for_purge(devices: Iterable[Device], by: "AnyUser | None") -> list[Purge]:
    """Archive the devices, so that nothing new comes, and have a worker delete them with everything they have sent."""
    purges = []
    with transaction.atomic():
        for device in _locked(devices):
            _put_away(device)
            purge, is_new = Purge.objects.get_or_create(
                target=device,
                finished_at=None,
                defaults={
                    "device_id": device.device_id,
                    "name": device.name,
                    "project": device.project,
                    "asked_by_id": by.pk if by else None,
                },
            )
            if is_new:
                audit.record(by, "device.purge_requested", device.device_id, project=device.project)
            start_soon(TASK, purge.pk)
            purges.append(purge)
    return purges


def stalled(now: datetime) -> list[int]:
    """The purges that nobody is at."""
    waiting = Purge.objects.filter(finished_at=None, touched_at__lt=now - STALLED_AFTER)
    return list(waiting.values_list("pk", flat=True))


def carry_out(purge: Purge) -> None:
    """Delete what there is of the device, then the device. Two workers at the same would do no harm."""
    device = purge.target
    if purge.finished_at is None and device is not None:
        shares = [cast(Share, share) for _, share in purging.send(Device, device=device)]
        Purge.objects.filter(pk=purge.pk).update(total=purge.rows + sum(share.rows for share in shares))
        for share in shares:
            while _take_step(purge.pk, share.steps):
                pass
        with transaction.atomic():
            device.delete()
    finished = Purge.objects.filter(pk=purge.pk, finished_at=None)
    if finished.update(finished_at=timezone.now()):
        purge.refresh_from_db()
        audit.record(None, "device.purged", purge.device_id, project=purge.project, **purge.gone)
        log.info("device purged", device_id=purge.device_id, gone=purge.gone)


def _take_step(pk: int, steps: Iterator[tuple[str, int]]) -> bool:
    with transaction.atomic():
        step = next(steps, None)
        if step is None:
            return False
        what, rows = step
        purge = Purge.objects.select_for_update().get(pk=pk)
        purge.gone = {**purge.gone, what: purge.gone.get(what, 0) + rows}
        purge.touched_at = timezone.now()
        purge.save(update_fields=["gone", "touched_at"])
    return True


def _locked(devices: Iterable[Device]) -> list[Device]:
    chosen = Device.objects.filter(pk__in=[device.pk for device in devices]).select_related("project").order_by("pk")
    return list(chosen.select_for_update(of=("self",), no_key=True))


def _put_away(device: Device) -> None:
    device.lifecycle = Lifecycle.ARCHIVED
    device.save(update_fields=["lifecycle"])
