"""How many readings a second are written: the portal's way, which knows duplicates and marks rollups, v. raw COPY."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from statistics import median
from time import perf_counter

from django.db import connection, transaction

from bench.fleet import register
from bench.options import options
from telemetry.models import Metric
from telemetry.store import Row, store
from tests.servers.installation import Installation

DEVICES = 100
BATCH = 15_000


def measure(_: Installation) -> Iterator[str]:
    register(DEVICES, "storage")
    rows = _rows()
    batches = options.size(10, 2)
    raw, ours = [], []
    for _round in range(3):
        raw.append(_per_second(_copy, rows, batches))
        ours.append(_per_second(store, rows, batches))
    ratio = median(mine / limit for mine, limit in zip(ours, raw, strict=True))
    yield f"raw COPY into the readings' table: {median(raw):,.0f} rows/s in batches of {BATCH:,}"
    yield f"store(): {median(ours):,.0f} rows/s, {ratio:.2f} × raw COPY"


def _rows() -> Iterator[Row]:
    metrics = list(Metric.objects.filter(device__device_id__startswith="storage-").values_list("pk", flat=True))
    begin = datetime.now(UTC) - timedelta(hours=1)
    for number in count():
        at = begin + timedelta(milliseconds=100 * number)
        yield from (Row(metric_id, at, number % 50 + 0.5, None) for metric_id in metrics)


def _copy(rows: list[Row]) -> None:
    statement = "COPY telemetry_reading (metric_id, time, value, text) FROM STDIN (FORMAT BINARY)"
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", "timestamptz", "float8", "text"])
        for row in rows:
            copy.write_row(row)


def _per_second(write: Callable[[list[Row]], object], rows: Iterator[Row], batches: int) -> float:
    prepared = [list(islice(rows, BATCH)) for _ in range(batches)]
    began = perf_counter()
    for batch in prepared:
        write(batch)
    return batches * BATCH / (perf_counter() - began)
