"""A report as a file: which kinds of files there are, and how each is written."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.utils import translation

from reports.asked import Asked
from reports.files.csv import csv_parts
from reports.files.json import json_parts
from reports.files.pdf.write import write_pdf
from reports.files.xlsx import write_xlsx
from reports.kinds import KINDS, Kind, Progress

AT_ONCE = 3.0
"""Seconds. What takes longer is a worker's."""
CSV_ROWS, XLSX_ROWS = 30_000, 6_000
"""A second."""
BUILT = 0.6
"""Of the whole work, where a document is made first."""


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    label: str
    mime: str
    suffix: str


FORMATS = {
    one.name: one
    for one in (
        Format("pdf", "PDF", "application/pdf", "pdf"),
        Format("csv", "CSV", "text/csv; charset=utf-8", "csv"),
        Format("xlsx", "Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        Format("json", "JSON", "application/json", "json"),
    )
}


def write(asked: Asked, form: str, file: BinaryIO, progress: Progress = lambda share: None) -> bool:
    """Make the report and write it into `file`, as one of FORMATS. Whether there was anything to report.

    `progress` is called with the share that is done; what it raises ends the work and reaches the caller.
    """
    kind = KINDS[asked.kind](asked)
    with translation.override(asked.language):
        if form == "csv":
            for part in _stream(kind):
                progress(0.5)
                file.write(part)
        else:
            _write_document(kind, form, file, progress)
    progress(1.0)
    return not kind.is_empty()


def stream(asked: Asked) -> Iterator[bytes]:
    """The report as CSV, part after part, however long it is."""
    return _stream(KINDS[asked.kind](asked))


def _stream(kind: Kind) -> Iterator[bytes]:
    return csv_parts(kind.table(), kind.asked.zone, bom=kind.asked.bom)


def _write_document(kind: Kind, form: str, file: BinaryIO, progress: Progress) -> None:
    document = kind.build(lambda share: progress(share * BUILT))
    rest = lambda share: progress(BUILT + share * (1 - BUILT))  # noqa: E731
    if form == "pdf":
        write_pdf(document, file, kind.asked.page_size, rest)
    elif form == "xlsx":
        write_xlsx(document, kind.table(), file, rest)
    else:
        for part in json_parts(document):
            file.write(part)


def is_small(asked: Asked, form: str) -> bool:
    """Whether it is made while somebody waits, or by a worker."""
    return _seconds(asked, form) <= AT_ONCE


def _seconds(asked: Asked, form: str) -> float:
    kind = KINDS[asked.kind](asked)
    rows = kind.rows()
    if form == "csv":
        return rows / CSV_ROWS if rows else kind.seconds()
    return kind.seconds() + (rows / XLSX_ROWS if form == "xlsx" else 0)


def file_name(asked: Asked, form: str) -> str:
    """Of letters, digits and hyphens alone: `availability-acme-2025-12-01-2025-12-07.pdf`."""
    words = [asked.title or asked.kind]
    if len(asked.device_ids) == 1:
        words += asked.device_ids
    elif asked.project is not None:
        words.append(asked.project.slug)
    first, last = asked.start.astimezone(asked.zone), asked.end.astimezone(asked.zone)
    plain = unicodedata.normalize("NFKD", "-".join(words)).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:80] or asked.kind
    return f"{stem}-{first:%Y-%m-%d}-{last:%Y-%m-%d}.{FORMATS[form].suffix}"
