"""A table of a report as CSV: RFC 4180, stable column names, times on the clocks of the report's zone."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from reports.documents import Table, Value
from telemetry.api.csv_table import parts_of

BOM = b"\xef\xbb\xbf"


def csv_parts(table: Table, zone: tzinfo, *, bom: bool = False) -> Iterator[bytes]:
    """The file part after part, however long it is: nothing of it is kept."""
    if bom:
        yield BOM
    yield from parts_of(_rows(table, zone))


def _rows(table: Table, zone: tzinfo) -> Iterator[list[object]]:
    yield [column.name for column in table.columns]
    for row in table:
        yield [_cell(value, zone) for value in row]


def _cell(value: Value, zone: tzinfo) -> object:
    """Times in ISO 8601 with their offset, lengths of time in seconds."""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
