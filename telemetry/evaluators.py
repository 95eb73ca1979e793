"""Functions of other apps that look at what was stored, in the transaction that stores it (settings.INGEST_EVALUATORS).

One that fails loses no reading: what it did is taken back, the readings are noted as owed to it, and a task calls it
with them again, less and less often, until it succeeds. So an evaluator may be given a reading more than once.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from devices.models import ValueType
from telemetry.decode import Value, shown
from telemetry.latest import Gone, hold
from telemetry.models import OwedEvaluation, Reading

log = structlog.get_logger(__name__)

SOON = timedelta(seconds=30)
AT_LAST = timedelta(hours=1)
READINGS_AT_ONCE = 10_000
DEVICES_AT_ONCE = 100


class StoredReading(NamedTuple):
    """What evaluators are given: a reading that was not stored before."""

    device_pk: int
    metric_id: int
    key: str
    time: datetime
    value: Value
    received_at: datetime


Evaluator = Callable[[Sequence[StoredReading]], object]

OWE = """
    INSERT INTO telemetry_owedevaluation (evaluator, metric_id, first, last, received_at, attempts, due_at, error)
    VALUES (%s, %s, %s, %s, %s, 0, %s, %s)
    ON CONFLICT (evaluator, metric_id) DO UPDATE SET
        first = CASE WHEN excluded.first < telemetry_owedevaluation.first
            THEN excluded.first ELSE telemetry_owedevaluation.first END,
        last = CASE WHEN excluded.last > telemetry_owedevaluation.last
            THEN excluded.last ELSE telemetry_owedevaluation.last END,
        received_at = excluded.received_at,
        error = excluded.error
"""


def evaluate(readings: Sequence[StoredReading]) -> None:
    """Have each evaluator look at the readings, in the caller's transaction."""
    for path in settings.INGEST_EVALUATORS:
        if error := _fails(path, readings):
            _owe(path, readings, error)


def retry(now: datetime) -> int:
    """Call evaluators again with what is due to them; how many devices' readings they took."""
    due = OwedEvaluation.objects.filter(due_at__lte=now).order_by("due_at").select_related("metric")
    groups: dict[tuple[str, int], list[OwedEvaluation]] = defaultdict(list)
    for owed in due:
        if len(groups) < DEVICES_AT_ONCE or (owed.evaluator, owed.metric.device_id) in groups:
            groups[owed.evaluator, owed.metric.device_id].append(owed)
    return sum(_retry(path, device, group) for (path, device), group in groups.items())


def _fails(path: str, readings: Sequence[StoredReading]) -> str:
    """What it says when it fails; empty when it does not."""
    try:
        with transaction.atomic():
            evaluator: Evaluator = import_string(path)
            evaluator(readings)
    except Exception as error:
        log.exception("an evaluator failed", evaluator=path, readings=len(readings))
        return shown(f"{type(error).__name__}: {error}", 255)
    return ""


def _owe(path: str, readings: Sequence[StoredReading], error: str) -> None:
    """Note the readings as owed, by metric and in order: several processes may be at it."""
    spans: dict[int, list[datetime]] = {}
    for reading in readings:
        span = spans.setdefault(reading.metric_id, [reading.time, reading.time])
        span[:] = min(span[0], reading.time), max(span[1], reading.time)
    time_of = connection.ops.adapt_datetimefield_value
    due_at = time_of(timezone.now() + SOON)
    received_at = time_of(max(reading.received_at for reading in readings))
    with connection.cursor() as cursor:
        cursor.executemany(
            OWE,
            [
                (path, metric, time_of(first), time_of(last), received_at, due_at, error)
                for metric, (first, last) in sorted(spans.items())
            ],
        )


def _retry(path: str, device: int, group: Sequence[OwedEvaluation]) -> bool:
    """One device at a time: what fails on one may go well on the others. Locks are those of ingest, in its order."""
    with transaction.atomic():
        try:
            hold({owed.metric_id for owed in group}, {device})
        except Gone:
            return False  # and what is owed of it goes along
        readings = _readings(device, group)
        error = _fails(path, readings) if readings and path in settings.INGEST_EVALUATORS else ""
        done = not error and len(readings) < READINGS_AT_ONCE
        for owed in group:
            # What was added to it meanwhile stays owed.
            unchanged = OwedEvaluation.objects.filter(pk=owed.pk, first=owed.first, last=owed.last)
            if done:
                unchanged.delete()
            elif error:
                wait = min(AT_LAST, SOON * 2 ** min(owed.attempts + 1, 10))
                unchanged.update(attempts=owed.attempts + 1, due_at=timezone.now() + wait, error=error)
            else:
                unchanged.update(first=max(owed.first, min(owed.last, readings[-1].time)))
        return not error


def _readings(device: int, group: Sequence[OwedEvaluation]) -> list[StoredReading]:
    """The oldest of what is owed."""
    spans = [Q(metric=owed.metric_id, time__gte=owed.first, time__lte=owed.last) for owed in group]
    owing = {owed.metric_id: owed for owed in group}
    rows = Reading.objects.filter(reduce(or_, spans)).order_by("time").values_list("metric_id", "time", "value", "text")
    return [
        StoredReading(
            device,
            metric_id,
            owing[metric_id].metric.key,
            time,
            _value(owing[metric_id].metric.value_type, value, text),
            owing[metric_id].received_at,
        )
        for metric_id, time, value, text in rows[:READINGS_AT_ONCE]
    ]


def _value(value_type: str, value: float | None, text: str | None) -> Value:
    if value is None:
        return text or ""
    return bool(value) if value_type == ValueType.BOOLEAN else value
