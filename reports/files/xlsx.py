"""A report as a workbook: its figures on the first sheet, each of its tables on one of its own."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, BinaryIO

import xlsxwriter
from django.utils.translation import gettext as _

from reports.documents import Document, Figures, Form, Heading, Missing, Table, Text, Value
from reports.words import range_in_words, time_in_words
from telemetry.values import value_in_words

MOST_ROWS = 1_000_000  # a sheet has 1,048,576
NAME_LENGTH = 31
NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")


def write_xlsx(document: Document, rows: Table, file: BinaryIO, progress: Callable[[float], object]) -> None:
    """`rows` are those of the report's CSV file: they have a sheet of their own if the document does not show them."""
    # Row after row goes to disk; nothing that is text is taken for a formula, a number or a link.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"title": document.title, "subject": document.subtitle, "author": "IoTSphere"})
        formats = _Formats(book)
        _summary(book.add_worksheet(_("Report")[:NAME_LENGTH]), document, formats)
        tables = [block for section in document.sections for block in section.blocks if isinstance(block, Table)]
        if rows.name not in {table.name for table in tables}:
            tables.append(rows)
        taken = {_("Report").lower()}
        for number, table in enumerate(tables):
            progress(number / len(tables))
            _table(book.add_worksheet(_sheet_name(table, taken)), table, document.zone, formats)


class _Formats:
    def __init__(self, book: Any) -> None:
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.head = book.add_format({"bold": True, "bottom": 1, "bottom_color": "#c8d0da"})
        self.quiet = book.add_format({"font_color": "#5d6876"})
        self.time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})
        self.span = book.add_format({"num_format": "[h]:mm:ss"})
        self._book = book
        self._numbers: dict[int | None, Any] = {}

    def number(self, precision: int | None) -> Any:
        if precision not in self._numbers:
            shown = "General" if precision is None else "#,##0" + (f".{'0' * precision}" if precision else "")
            self._numbers[precision] = self._book.add_format({"num_format": shown})
        return self._numbers[precision]


def _summary(sheet: Any, document: Document, formats: _Formats) -> None:
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 3, 22)
    sheet.write_string(0, 0, document.title, formats.title)
    sheet.write_string(1, 0, document.subtitle)
    sheet.write_string(2, 0, range_in_words(document.start, document.end, document.zone))
    time = time_in_words(document.generated_at, document.zone)
    made = _("Made %(time)s, times in %(zone)s") % {"time": time, "zone": document.zone}
    sheet.write_string(3, 0, made, formats.quiet)
    line = 5
    for section in document.sections:
        sheet.write_string(line, 0, section.title, formats.head)
        line += 1
        for block in section.blocks:
            if isinstance(block, Heading | Text | Missing):
                sheet.write_string(line, 0, block.text, formats.quiet if isinstance(block, Missing) else None)
                line += 1
            elif isinstance(block, Figures):
                for figure in block.figures:
                    sheet.write_string(line, 0, figure.label)
                    _write(sheet, line, 1, figure.value, document.zone, formats, figure.precision)
                    sheet.write_string(line, 2, figure.unit)
                    sheet.write_string(line, 3, figure.note)
                    line += 1
        line += 1


def _table(sheet: Any, table: Table, zone: tzinfo, formats: _Formats) -> None:
    for place, column in enumerate(table.columns):
        width = 20 if column.form == Form.TIME else 12 + 10 * column.share
        sheet.set_column(place, place, width)
        label = f"{column.label} ({column.unit})" if column.unit else column.label
        sheet.write_string(0, place, label, formats.head)
    sheet.freeze_panes(1, 0)
    line = 0
    for line, row in enumerate(table, start=1):
        if line > MOST_ROWS:
            shortened = _("A sheet has no room for more than %(count)s rows: CSV has all.")
            sheet.write_string(line, 0, shortened % {"count": value_in_words(MOST_ROWS)})
            break
        for place, value in enumerate(row):
            _write(sheet, line, place, value, zone, formats, table.columns[place].precision)
    sheet.autofilter(0, 0, max(1, min(line, MOST_ROWS)), len(table.columns) - 1)


def _write(
    sheet: Any, line: int, place: int, value: Value, zone: tzinfo, formats: _Formats, precision: int | None
) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, datetime):  # a workbook knows no zones: the clock's time
        sheet.write_datetime(line, place, value.astimezone(zone).replace(tzinfo=None), formats.time)
    elif isinstance(value, timedelta):
        sheet.write_number(line, place, value.total_seconds() / 86_400, formats.span)
    elif isinstance(value, str):
        sheet.write_string(line, place, value)
    else:
        sheet.write_number(line, place, value, formats.number(precision))


def _sheet_name(table: Table, taken: set[str]) -> str:
    """At most 31 characters, none of them special, and none that is taken; upper and lower case count as the same."""
    name = NOT_IN_NAMES.sub(" ", table.name.replace("_", " ")).strip().capitalize()[:NAME_LENGTH] or "Table"
    number, tried = 2, name
    while tried.lower() in taken:
        tried = f"{name[: NAME_LENGTH - 4]} {number}"
        number += 1
    taken.add(tried.lower())
    return tried
