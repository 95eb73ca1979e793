"""A report as JSON: what its pages say, as figures, with the names that stay."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import orjson

from reports.documents import Block, Document, Table

ROWS_AT_ONCE = 1000


def json_parts(document: Document) -> Iterator[bytes]:
    """The file part after part: rows of tables are not kept."""
    head = {
        "kind": document.kind,
        "title": document.title,
        "subtitle": document.subtitle,
        "project": document.project,
        "from": document.start,
        "to": document.end,
        "time_zone": str(document.zone),
        "generated_at": document.generated_at,
        "generated_for": document.generated_for,
        "missing": document.missing,
    }
    yield _dumped(head)[:-1] + b',"sections":['
    for number, section in enumerate(document.sections):
        opening = _dumped({"name": section.name, "title": section.title})[:-1] + b',"blocks":['
        yield (b"," if number else b"") + opening
        for place, block in enumerate(section.blocks):
            if place:
                yield b","
            yield from _block(block)
        yield b"]}"
    yield b"]}"


def _block(block: Block) -> Iterator[bytes]:
    said: dict[str, Any] = {"type": type(block).__name__.lower()}
    said |= {field.name: getattr(block, field.name) for field in fields(block) if field.name not in {"rows", "tones"}}
    if not isinstance(block, Table):
        if hasattr(block, "rows"):
            said["rows"] = block.rows
        yield _dumped(said)
        return
    yield _dumped(said)[:-1] + b',"rows":['
    rows: list[bytes] = []
    is_first = True
    for row in block:
        rows.append(_dumped(row))
        if len(rows) == ROWS_AT_ONCE:
            yield (b"" if is_first else b",") + b",".join(rows)
            rows, is_first = [], False
    if rows:
        yield (b"" if is_first else b",") + b",".join(rows)
    yield b"]}"


def _dumped(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    """Lengths of time are seconds."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return float(value)
    return list(value)
