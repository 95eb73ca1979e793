"""Throw away what is older than its retention class wants it kept: `preview()` says what, `enforce()` does it.

On PostgreSQL whole partitions go. One that some projects keep longer than others is replaced by one with the rows of
those (telemetry.partitions.rewrite): no row is ever deleted, and the disk space comes back at once. On SQLite, which
has one table, rows are deleted. Rows go by whole days, months or years of UTC, never too early.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.db import connection, models, transaction

from devices.models import Project
from telemetry import partitions
from telemetry.models import FiveMinuteRollup, HourlyRollup, Reading, RetentionReceipt
from telemetry.partitions import FIVE_MINUTES, HOURS, READINGS, Partition, Partitioned

log = structlog.get_logger(__name__)

FOR_EVER = 500_000  # days that a time may be back: there is no year before the first


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
    """Rows that are due to go: all between two times (None: the beginning) but those of `kept_projects`."""

    kept: Kept
    part: str
    start: datetime | None
    end: datetime
    kept_projects: tuple[int, ...]
    rows: int = 0

    def due(self) -> models.QuerySet[Any]:
        column = self.kept.table.column
        due = self.kept.model.objects.filter(**{f"{column}__lt": self.end})
        if self.start is not None:
            due = due.filter(**{f"{column}__gte": self.start})
        return due.exclude(metric__device__project__in=self.kept_projects)


def preview(now: datetime) -> list[Loss]:
    """What enforce() would throw away at that time, counted."""
    find = _due_partitions if connection.vendor == "postgresql" else _due_rows
    losses = (loss._replace(rows=loss.due().count()) for kept in TABLES for loss in find(kept, now))
    return [loss for loss in losses if loss.rows]


def enforce(now: datetime) -> list[RetentionReceipt]:
    """Throw away what is due, with a receipt for each part.

    With settings.COLD_EXPORT_DIR readings are written there first; what cannot be exported stays.
    """
    return [_throw_away(loss) for loss in preview(now)]


def _limits(kept: Kept, now: datetime) -> dict[int, datetime]:
    """By project: what is before that time is no longer kept."""
    projects = Project.objects.values_list("pk", *(f"retention_class__{field}" for field in kept.days))
    return {project: now - timedelta(days=min(max(days), FOR_EVER)) for project, *days in projects}


def _due_partitions(kept: Kept, now: datetime) -> Iterator[Loss]:
    limits = _limits(kept, now)
    # A partition that was rewritten for the same projects holds no others: it is not counted again.
    receipts = RetentionReceipt.objects.filter(table=kept.table.table).values_list("part", "kept_projects")
    done = {(part, tuple(projects)) for part, projects in receipts}
    for partition in partitions.partitions(kept.table):
        projects = tuple(sorted(project for project, limit in limits.items() if partition.end > limit))
        if len(projects) < len(limits) and (partition.name, projects) not in done:
            yield Loss(kept, partition.name, partition.start, partition.end, projects)


def _due_rows(kept: Kept, now: datetime) -> Iterator[Loss]:
    limits = {project: kept.table.start(limit) for project, limit in _limits(kept, now).items()}
    for end in sorted(set(limits.values())):
        projects = tuple(sorted(project for project, limit in limits.items() if limit != end))
        yield Loss(kept, f"{kept.table.table} before {end:%Y-%m-%d}", None, end, projects)


def _throw_away(loss: Loss) -> RetentionReceipt:
    with transaction.atomic():
        exported_to = ""
        if settings.COLD_EXPORT_DIR and loss.kept.model is Reading:
            exported_to = str(_export(loss, Path(settings.COLD_EXPORT_DIR)))
        rows, freed = _remove(loss)
        receipt = RetentionReceipt.objects.create(
            table=loss.kept.table.table,
            part=loss.part,
            start=loss.start,
            end=loss.end,
            rows=rows,
            bytes=freed,
            kept_projects=list(loss.kept_projects),
            exported_to=exported_to,
        )
    log.info("thrown away", part=loss.part, rows=rows, bytes=freed, exported_to=exported_to)
    return receipt


def _remove(loss: Loss) -> tuple[int, int]:
    """How many rows went, and how many bytes came back."""
    if loss.start is None:
        return loss.due().delete()[0], 0
    partition = Partition(loss.part, loss.start, loss.end)
    before = partitions.size(partition)
    if loss.kept_projects:
        rows = partitions.rewrite(loss.kept.table, partition, loss.kept_projects)
        return rows, max(0, before - partitions.size(partition))
    partitions.drop(partition)
    return loss.rows, before


def _export(loss: Loss, folder: Path) -> Path:
    """The readings of a part as one compressed CSV file, whole or not at all. Its name tells when it was written."""
    folder.mkdir(parents=True, exist_ok=True)
    number = RetentionReceipt.objects.filter(part=loss.part).count()
    file = folder / f"{loss.part.replace(' ', '_')}{f'_{number}' if number else ''}.csv.gz"
    unfinished = file.with_suffix(".unfinished")
    columns = ("metric__device__device_id", "metric__key", "time", "value", "text")
    with gzip.open(unfinished, "wt", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["device_id", "metric", "time", "value", "text"])
        for device_id, key, at, value, text in loss.due().values_list(*columns).iterator(chunk_size=10_000):
            writer.writerow([device_id, key, at.isoformat(), value, text])
    return unfinished.rename(file)
