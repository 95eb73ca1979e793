"""Tables that run over many pages: the head again on each, rows whole, figures under each other."""

from collections.abc import Sequence
from datetime import tzinfo
from itertools import islice
from typing import NamedTuple

from django.utils.translation import gettext as _
from reportlab.platypus import Flowable

from reports.documents import Column, Form, Table, Tone, Value
from reports.files.pdf import look
from reports.files.pdf.blocks import DrawnText
from reports.files.pdf.type import lines_of, shortened, width_of, write
from reports.words import in_words
from telemetry.values import value_in_words

MOST_ROWS = 2_000
LINES = 3  # of a cell
PAD = 5.0
LEADING = 10.0
TITLE = 18.0
FEWEST_TOGETHER = 3  # rows under a head at the foot of a page
WIDEST = 150.0  # of a column whose width its words ask for


class Cell(NamedTuple):
    lines: list[str]
    tone: Tone


class DrawnTable(Flowable):
    """What is under one head: a table, or the part of it that a page has room for."""

    def __init__(
        self, table: Table, rows: Sequence[Sequence[Cell]], widths: Sequence[float], title: str, note: str = ""
    ) -> None:
        super().__init__()
        self.table, self.rows, self.widths, self.title, self.note = table, rows, widths, title, note
        self.spaceBefore, self.spaceAfter = 4.0, 12.0
        self.heads = [
            lines_of(_label(column), look.SIZE_SMALL, width - PAD, bold=True, most=2)
            for column, width in zip(table.columns, widths, strict=True)
        ]

    @property
    def head_height(self) -> float:
        return (TITLE if self.title else 0) + max(len(lines) for lines in self.heads) * 9 + 6

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        height = self.head_height + sum(_height_of(row) for row in self.rows)
        return sum(self.widths), height + (12 if self.note else 0)

    def split(self, _width: float, height: float) -> list[Flowable]:
        room, count = height - self.head_height, 0
        while count < len(self.rows) and room >= _height_of(self.rows[count]):
            room -= _height_of(self.rows[count])
            count += 1
        count = min(count, max(len(self.rows) - FEWEST_TOGETHER, FEWEST_TOGETHER))  # nor a row alone on the next page
        if count < min(FEWEST_TOGETHER, len(self.rows)) or count == len(self.rows):
            return []
        first = DrawnTable(self.table, self.rows[:count], self.widths, self.title)
        return [first, DrawnTable(self.table, self.rows[count:], self.widths, "", self.note)]

    def draw(self) -> None:
        canvas, width = self.canv, sum(self.widths)
        y: float = self.wrap(0, 0)[1]
        if self.title:
            write(canvas, 0, y - 11, shortened(self.title, look.SIZE_TEXT, width, bold=True), look.SIZE_TEXT, bold=True)
            y -= TITLE
        height = max(len(lines) for lines in self.heads) * 9 + 6
        canvas.setFillColor(look.SURFACE)
        canvas.rect(0, y - height, width, height, stroke=0, fill=1)
        self._row(y - 10, self.heads, 9, look.SIZE_SMALL, bold=True)
        y -= height
        canvas.setLineWidth(0.5)
        for row in self.rows:
            self._row(y - 9.5, [cell.lines for cell in row], LEADING, look.SIZE_TABLE, tones=[c.tone for c in row])
            y -= _height_of(row)
            canvas.setStrokeColor(look.LINE)
            canvas.line(0, y, width, y)
        if self.note:
            write(canvas, 0, y - 10, self.note, look.SIZE_SMALL, color=look.INK_3)

    def _row(
        self, y: float, cells: Sequence[Sequence[str]], leading: float, size: float, *, bold: bool = False,
        tones: Sequence[Tone] = (),
    ) -> None:  # fmt: skip
        x = 0.0
        for number, (column, width, lines) in enumerate(zip(self.table.columns, self.widths, cells, strict=True)):
            color = look.INK_2 if bold else look.TONES[tones[number]]
            align = "right" if _is_figure(column) else ""
            edge = x + width - PAD if align else x + PAD
            for place, line in enumerate(lines):
                write(self.canv, edge, y - place * leading, line, size, bold=bold, color=color, align=align)
            x += width


def drawn_table(table: Table, zone: tzinfo, width: float, title: str) -> Flowable:
    """As many rows as one reads on paper, in columns as wide as they need to be."""
    rows = list(islice(table, MOST_ROWS + 1))
    if not rows:
        empty = table.empty or _("Nothing.")
        return DrawnText(f"{title}: {empty[:1].lower()}{empty[1:]}" if title else empty)
    shortened = _("The first %(count)s rows. A file for spreadsheets has all of them.")
    note = shortened % {"count": value_in_words(MOST_ROWS)} if len(rows) > MOST_ROWS else ""
    words = [
        [_in_words(value, column, zone) for value, column in zip(row, table.columns, strict=True)]
        for row in rows[:MOST_ROWS]
    ]
    widths = _widths(table.columns, words, width)
    cells = [
        [
            Cell(lines_of(text, look.SIZE_TABLE, widths[place] - PAD - 2, most=LINES), _tone(table, place, value))
            for place, (text, value) in enumerate(zip(texts, row, strict=True))
        ]
        for texts, row in zip(words, rows, strict=False)
    ]
    return DrawnTable(table, cells, widths, title, note)


def _tone(table: Table, place: int, value: Value) -> Tone:
    return table.tones.get(str(value), Tone.NONE) if table.columns[place].form == Form.STATE else Tone.NONE


def _in_words(value: Value, column: Column, zone: tzinfo) -> str:
    return "" if value == "" else in_words(value, zone, column.precision, column.unit)


def _label(column: Column) -> str:
    return f"{column.label}, {column.unit}" if column.unit else column.label


def _is_figure(column: Column) -> bool:
    return column.form in {Form.NUMBER, Form.SPAN}


def _widths(columns: Sequence[Column], words: Sequence[Sequence[str]], width: float) -> list[float]:
    """Figures, times and states get what they need; texts share the rest, by their shares of it."""
    needed = [_needed(column, [row[place] for row in words[:300]]) for place, column in enumerate(columns)]
    fixed = {place for place, column in enumerate(columns) if column.form != Form.TEXT}
    rest = width - sum(needed[place] for place in fixed)
    texts = [place for place in range(len(columns)) if place not in fixed]
    if texts and rest >= 40 * len(texts):
        shares = sum(columns[place].share for place in texts)
        for place in texts:
            needed[place] = rest * columns[place].share / shares
    scale = width / sum(needed)
    return [one * scale for one in needed]


def _needed(column: Column, words: Sequence[str]) -> float:
    widest = max((width_of(text, look.SIZE_TABLE) for text in words), default=0.0)
    return min(WIDEST, max(_of_head(_label(column).split()), widest)) + 2 * PAD + 2


def _of_head(words: Sequence[str]) -> float:
    """How wide the words of a head are where they stand best in two lines."""
    halves = ([" ".join(words[:place]), " ".join(words[place:])] for place in range(len(words)))
    widths = (max(width_of(half, look.SIZE_SMALL, bold=True) for half in both) for both in halves)
    return min(widths, default=0.0)


def _height_of(row: Sequence[Cell]) -> float:
    return max(len(cell.lines) for cell in row) * LEADING + 5
