"""A history as a table: a row per time, a column per series, named by its key; times on the clocks of a zone."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from io import StringIO
from itertools import groupby
from operator import attrgetter
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from devices.spreadsheet import harmless
from telemetry.history import History
from telemetry.raw import AskedRaw

ROWS_AT_ONCE = 1000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CSVRenderer(BaseRenderer):
    """Stands for CSV where clients choose; the views stream it (csv_file)."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        return data


def csv_file(request: Request, name: str, rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """A file that is sent while it is made, however long it is."""
    parts = parts_of(rows)
    # Under ASGI Django would collect all of a plain iterator before it sends anything.
    content = _one_by_one(parts) if hasattr(request, "scope") else parts
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _one_by_one(parts: Iterator[bytes]) -> Any:
    following = sync_to_async(partial(_next, parts))
    while part := await following():
        yield part


def _next(parts: Iterator[bytes]) -> bytes:
    try:
        return next(parts, b"")
    finally:
        close_old_connections()  # who reads slowly keeps none meanwhile


def parts_of(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """A CSV file by RFC 4180, part after part; no cell is a formula."""
    table = StringIO()
    writer = csv.writer(table)
    for number, row in enumerate(rows):
        writer.writerow([harmless(cell) for cell in row])
        if number % ROWS_AT_ONCE == ROWS_AT_ONCE - 1:
            yield _taken(table)
    if table.tell():
        yield _taken(table)


def _taken(table: StringIO) -> bytes:
    part = table.getvalue().encode()
    table.seek(0)
    table.truncate()
    return part


def table_of_histories(histories: Sequence[History]) -> Iterator[Sequence[object]]:
    series = [(found.device_id, key, one) for found in histories for key, one in found.series.items()]
    columns = [{time: value for time, value, *_ in one.points} for *_, one in series]
    yield heading([(device_id, key) for device_id, key, _ in series])
    zone = histories[0].time_zone
    times: set[Any] = set().union(*columns)
    for time in sorted(times):
        when = EPOCH + timedelta(milliseconds=time)
        yield [_on_the_clock(when, zone), *(column.get(time) for column in columns)]


def table_of_readings(asked: AskedRaw) -> Iterator[Sequence[object]]:
    columns = [
        (device.device_id, kept.metric)
        for device, of_device in zip(asked.devices, asked.kept, strict=True)
        for kept in of_device
    ]
    yield heading([(device_id, metric.key) for device_id, metric in columns])
    places = {metric.pk: place for place, (_, metric) in enumerate(columns, start=1)}
    for time, same in groupby(asked.stream(), key=attrgetter("time")):
        row: list[object] = [_on_the_clock(time, asked.zone), *[None] * len(columns)]
        for reading in same:
            row[places[reading.metric_id]] = reading.value
        yield row


def heading(names: Sequence[tuple[str, str]]) -> list[str]:
    """Keys, which nobody changes, as labels and units are. Of several devices with their ID."""
    alone = len({device_id for device_id, _ in names}) == 1
    return ["time", *(key if alone else f"{device_id}/{key}" for device_id, key in names)]


def _on_the_clock(time: datetime, zone: tzinfo) -> str:
    return time.astimezone(zone).isoformat()
