"""What telemetry has of a device that is purged (devices.removal)."""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.dispatch import receiver

from devices.models import Device
from devices.removal import Share
from devices.signals import purging
from telemetry.models import (
    DailyRollup,
    DirtyBucket,
    FiveMinuteRollup,
    HourlyRollup,
    LedgerHour,
    Metric,
    Reading,
    RejectedMessage,
    RejectionCount,
)

ROWS_AT_ONCE = 10_000

# By the column that says when a row was: rows go oldest first, as far as the chunk reaches.
SERIES: dict[str, list[tuple[type[models.Model], str]]] = {
    "marks": [(DirtyBucket, "start")],
    "readings": [(Reading, "time")],
    "rollups": [(FiveMinuteRollup, "start"), (HourlyRollup, "start"), (DailyRollup, "start")],
}


@receiver(purging)
def share_of(device: Device, **_: Any) -> Share:
    metrics = list(Metric.objects.filter(device=device).order_by("pk").values_list("pk", flat=True))
    rows = sum(
        model._default_manager.filter(metric__in=metrics).count() for models in SERIES.values() for model, _ in models
    )
    return Share(rows, _steps(device, metrics))


def _steps(device: Device, metrics: list[int]) -> Iterator[tuple[str, int]]:
    for what, series in SERIES.items():
        for model, column in series:
            for metric in metrics:
                yield from _delete_series(what, model._default_manager.filter(metric=metric), column)
    yield "rejected messages", _delete(RejectedMessage.objects.filter(device=device))
    # Its pages carry its name: the names of children that it sent for are on their own.
    yield "ledger pages", _delete(LedgerHour.objects.filter(sender=device.device_id))
    yield "ledger pages", _delete(RejectionCount.objects.filter(sender=device.device_id))


def _delete_series(what: str, rows: models.QuerySet[Any], column: str) -> Iterator[tuple[str, int]]:
    while True:
        times = rows.order_by(column).values_list(column, flat=True)[ROWS_AT_ONCE - 1 : ROWS_AT_ONCE]
        last = times.first()
        deleted = _delete(rows if last is None else rows.filter(**{f"{column}__lte": last}))
        if deleted:
            yield what, deleted
        if last is None:
            return


def _delete(rows: models.QuerySet[Any]) -> int:
    return rows.delete()[0]
