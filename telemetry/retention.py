"""Throw away what is older than its retention class wants it kept: `preview()` says what, `enforce()` does it.

On PostgreSQL whole partitions go. One that some keep longer than others is replaced by one with the rows of those
(telemetry.partitions.rewrite): no row is ever deleted, and the disk space comes back at once. On SQLite, which has one
table, rows are deleted. Rows go by whole days, months or years of UTC, never too early; what would belong to what has
gone is rejected when it comes (telemetry.ingest).

A device's type says how long what it sends is kept, else its project.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.db import Error, connection, models, transaction
from django.db.models.functions import Coalesce

from devices.models import Device, DeviceType, Project, RetentionClass
from telemetry import partitions
from telemetry.cold import Incomplete, write_csv
from telemetry.models import FiveMinuteRollup, HourlyRollup, Metric, Reading, RetentionReceipt
from telemetry.partitioned import FIVE_MINUTES, HOURS, READINGS, Partition, Partitioned

log = structlog.get_logger(__name__)

FOR_EVER = 500_000  # days that a time may be back: there is no year before the first
ONE_AT_A_TIME = 7_112_002  # the key of a lock in PostgreSQL, which knows locks by numbers
WORDS = 255


class Owner(NamedTuple):
    """Devices whose rows are kept equally long."""

    project: int
    device_type: int | None


class Kept(NamedTuple):
    """A table, and the fields of the retention class of which the longest says how long its rows are kept.

    What is coarser is kept at least as long as what is finer: history goes on where the finer ends.
    """

    table: Partitioned
    model: type[Reading | FiveMinuteRollup | HourlyRollup]
    days: tuple[str, ...]


TABLES = (
    Kept(READINGS, Reading, ("raw_days",)),
    Kept(FIVE_MINUTES, FiveMinuteRollup, ("raw_days", "five_minute_days")),
    Kept(HOURS, HourlyRollup, ("raw_days", "five_minute_days", "hourly_days")),
)


class Loss(NamedTuple):
    """Rows that are due to go: those of `owners` between two times (None: the beginning).

    They are all but those of `kept_classes`; if there is no such class, the part goes as a whole.
    """

    kept: Kept
    part: str
    start: datetime | None
    end: datetime
    owners: tuple[Owner, ...]
    kept_classes: tuple[int, ...]
    whose: str
    rows: int = 0
    bytes: int | None = None  # known beforehand of what goes as a whole

    @property
    def whole(self) -> bool:
        return self.start is not None and not self.kept_classes

    @property
    def partition(self) -> Partition | None:
        return Partition(self.part, self.start, self.end) if self.start is not None else None

    def due(self) -> models.QuerySet[Any]:
        column = self.kept.table.column
        due = self.kept.model.objects.filter(**{f"{column}__lt": self.end})
        if self.start is not None:
            due = due.filter(**{f"{column}__gte": self.start})
        return due.exclude(metric__in=_metrics_of(self.kept_classes)) if self.kept_classes else due


def preview(now: datetime) -> list[Loss]:
    """What enforce() would throw away at that time, counted."""
    return [loss for loss in _measured(now) if loss.rows]


def enforce(now: datetime) -> list[RetentionReceipt]:
    """Throw away what is due, with a receipt for each part.

    With settings.COLD_EXPORT_DIR readings are written there first; what cannot be exported stays. What the database
    does not let go now (somebody has been reading it for long) stays until the next time.
    """
    receipts = []
    for loss in _measured(now):
        try:
            if receipt := _throw_away(loss):
                receipts.append(receipt)
        except (Error, Incomplete) as error:
            log.warning("not thrown away", part=loss.part, error=str(error))
    return receipts


def _measured(now: datetime) -> Iterator[Loss]:
    find = _due_partitions if connection.vendor == "postgresql" else _due_rows
    classes = _classes_of_owners()
    for kept in TABLES:
        for loss in find(kept, classes, now):
            rows = loss.due().count()
            partition = loss.partition
            size = partitions.size(kept.table, partition) if partition and loss.whole else None
            if rows or loss.whole:
                yield loss._replace(rows=rows, bytes=size)


def _classes_of_owners() -> dict[Owner, int]:
    owners = Device.objects.order_by().values_list("project", "device_type", _class_of("")).distinct()
    return {Owner(project, device_type): retention_class for project, device_type, retention_class in owners}


def _class_of(device: str) -> Coalesce:
    return Coalesce(f"{device}device_type__retention_class", f"{device}project__retention_class")


def _metrics_of(classes: Collection[int]) -> models.QuerySet[Metric, Any]:
    metrics = Metric.objects.alias(retention_class=_class_of("device__")).filter(retention_class__in=classes)
    return metrics.order_by().values("pk")


def _limits(kept: Kept, now: datetime) -> dict[int, datetime]:
    """By retention class: what is before that time is no longer kept."""
    classes = RetentionClass.objects.order_by().values_list("pk", *kept.days)
    return {pk: now - timedelta(days=min(max(days), FOR_EVER)) for pk, *days in classes}


def _due_partitions(kept: Kept, classes: Mapping[Owner, int], now: datetime) -> Iterator[Loss]:
    limits = _limits(kept, now)
    gone: dict[str, set[Owner]] = defaultdict(set)
    for part, owners in RetentionReceipt.objects.filter(table=kept.table.table).values_list("part", "owners"):
        gone[part].update(Owner(*owner) for owner in owners)
    for partition in partitions.partitions(kept.table):
        kept_classes = tuple(sorted({pk for pk in classes.values() if partition.end > limits[pk]}))
        owners = {owner for owner, pk in classes.items() if pk not in kept_classes}
        # Whose rows have gone from a part has none in it any more: late ones are rejected. It is not counted again.
        if owners - gone[partition.name]:
            yield _loss(kept, partition, owners, kept_classes)


def _loss(kept: Kept, partition: Partition, owners: Collection[Owner], kept_classes: tuple[int, ...]) -> Loss:
    return Loss(
        kept, partition.name, partition.start, partition.end, tuple(sorted(owners, key=str)), kept_classes,
        _in_words(owners) if kept_classes else "Everybody’s",
    )  # fmt: skip


def _due_rows(kept: Kept, classes: Mapping[Owner, int], now: datetime) -> Iterator[Loss]:
    limits = {pk: kept.table.start(limit) for pk, limit in _limits(kept, now).items()}
    for end in sorted({limits[pk] for pk in classes.values()}):
        owners = {owner for owner, pk in classes.items() if limits[pk] == end}
        kept_classes = tuple(sorted({pk for pk in classes.values() if limits[pk] != end}))
        name = f"{kept.table.table} before {end:%Y-%m-%d}"
        yield Loss(kept, name, None, end, tuple(sorted(owners, key=str)), kept_classes, _in_words(owners))


def _in_words(owners: Collection[Owner]) -> str:
    """Acme: Sensor, Water heater; Globex: no type."""
    projects = dict(Project.objects.filter(pk__in={owner.project for owner in owners}).values_list("pk", "name"))
    types = dict(DeviceType.objects.values_list("pk", "name"))
    by_project: dict[str, list[str]] = defaultdict(list)
    for owner in owners:
        by_project[projects[owner.project]].append(types.get(owner.device_type or 0, "no type"))
    return "; ".join(f"{project}: {', '.join(sorted(names))}" for project, names in sorted(by_project.items()))


def _throw_away(loss: Loss) -> RetentionReceipt | None:
    """None: there was nothing, or somebody else has done it."""
    with transaction.atomic():
        if not _is_there(loss):
            return None
        exported_to, exported = "", None
        if settings.COLD_EXPORT_DIR and loss.kept.model is Reading and loss.rows:
            file, exported = _export(loss, Path(settings.COLD_EXPORT_DIR))
            exported_to = str(file)
        rows, freed = _remove(loss)
        if exported is not None and exported != rows:
            raise Incomplete(f"{exported} rows were exported to {exported_to}, and {rows} would have gone.")
        if not rows:
            return None
        receipt = RetentionReceipt.objects.create(
            table=loss.kept.table.table,
            part=loss.part,
            start=loss.start,
            end=loss.end,
            rows=rows,
            bytes=freed,
            owners=loss.owners,
            whose=loss.whose[:WORDS],
            whole=loss.whole,
            exported_to=exported_to,
        )
    log.info("thrown away", part=loss.part, rows=rows, bytes=freed, exported_to=exported_to)
    return receipt


def _is_there(loss: Loss) -> bool:
    """Still, once it is this worker's turn."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        return loss.partition in partitions.partitions(loss.kept.table)
    return True


def _remove(loss: Loss) -> tuple[int, int]:
    """How many rows went, and how many bytes came back."""
    table, partition = loss.kept.table, loss.partition
    if partition is None:
        return loss.due().delete()[0], 0
    before = partitions.size(table, partition)
    if not loss.whole:
        rows = partitions.rewrite(table, partition, loss.kept_classes)
        return rows, max(0, before - partitions.size(table, partition))
    rows = loss.due().count()
    partitions.drop(table, partition)
    return rows, before


def _export(loss: Loss, folder: Path) -> tuple[Path, int]:
    columns: Sequence[str] = ("metric__device__device_id", "metric__key", "time", "value", "text")
    rows = loss.due().values_list(*columns).iterator(chunk_size=10_000)
    return write_csv(rows, loss.part.replace(" ", "_"), folder)
