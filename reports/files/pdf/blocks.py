"""Headings, texts, key figures and notes on paper; all keep together what belongs together."""

from collections.abc import Sequence
from datetime import tzinfo

from reportlab.platypus import Flowable

from reports.documents import Figure, Tone
from reports.files.pdf import look
from reports.files.pdf.contents import Contents
from reports.files.pdf.type import lines_of, shortened, width_of, write
from reports.words import in_words

LEADING = 13.5
IN_A_ROW = 4
TILE = 56.0
VALUE = 17.0


class DrawnHeading(Flowable):
    """The title of a section, or of a part of it: a place to go to from the contents and from the outline."""

    def __init__(self, text: str, note: str, level: int, contents: Contents) -> None:
        super().__init__()
        self.text, self.note, self.level, self.contents = text, note, level, contents
        self.size = look.SIZE_HEADING if level else look.SIZE_SECTION
        self.spaceBefore = 10.0 if level else 16.0
        self.spaceAfter = 6.0 if level else 8.0

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        self.lines = lines_of(self.text, self.size, width, bold=True, most=3)
        self.height = len(self.lines) * self.size * 1.25 + (12 if self.note else 0) + (0 if self.level else 8)
        return width, self.height

    def draw(self) -> None:
        self.contents.arrive(self.canv, self.text, self.level)
        y: float = self.height
        for line in self.lines:
            y -= self.size * 1.25
            write(self.canv, 0, y + self.size * 0.25, line, self.size, bold=True)
        if self.note:
            note = shortened(self.note, look.SIZE_TABLE, self.width)
            write(self.canv, 0, y - 9, note, look.SIZE_TABLE, color=look.INK_3)
        if not self.level:
            self.canv.setFillColor(look.ACCENT)
            self.canv.rect(0, 0, 28, 2.2, stroke=0, fill=1)


class DrawnText(Flowable):
    """Lines of text; in a box if it is to be noticed."""

    def __init__(self, text: str, tone: Tone = Tone.NONE, *, boxed: bool = False) -> None:
        super().__init__()
        self.text, self.tone, self.boxed = text, tone, boxed
        self.spaceBefore, self.spaceAfter = 0.0, 8.0

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        self.lines = lines_of(self.text, look.SIZE_TEXT, width - (24 if self.boxed else 0), most=40)
        self.height = len(self.lines) * LEADING + (10 if self.boxed else 0)
        return width, self.height

    def draw(self) -> None:
        x, y = 0.0, self.height - 10
        if self.boxed:
            self.canv.setFillColor(look.SOFT[self.tone])
            self.canv.roundRect(0, 0, self.width, self.height, look.RADIUS, stroke=0, fill=1)
            self.canv.setFillColor(look.FILLED[self.tone])
            self.canv.circle(11, self.height - 11.5, 2.6, stroke=0, fill=1)
            x, y = 20.0, y - 5
        color = look.TONES[self.tone] if self.boxed else look.INK_2
        for line in self.lines:
            write(self.canv, x, y, line, look.SIZE_TEXT, color=color)
            y -= LEADING


class DrawnFigures(Flowable):
    """A row of tiles, IN_A_ROW at most."""

    def __init__(self, figures: Sequence[Figure], zone: tzinfo) -> None:
        super().__init__()
        self.figures, self.zone = figures, zone
        self.spaceBefore, self.spaceAfter = 0.0, look.GAP

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        self.height = TILE + (11 if any(figure.note for figure in self.figures) else 0)
        return width, self.height

    def draw(self) -> None:
        width = (self.width - (IN_A_ROW - 1) * look.GAP) / IN_A_ROW
        for number, figure in enumerate(self.figures):
            self._tile(number * (width + look.GAP), width, figure)

    def _tile(self, x: float, width: float, figure: Figure) -> None:
        canvas, inner = self.canv, width - 20
        canvas.setFillColor(look.SURFACE)
        canvas.setStrokeColor(look.LINE)
        canvas.setLineWidth(0.6)
        canvas.roundRect(x, 0, width, self.height, look.RADIUS, stroke=1, fill=1)
        if figure.tone in {Tone.GOOD, Tone.WARN, Tone.BAD}:
            canvas.setFillColor(look.FILLED[figure.tone])
            canvas.circle(x + width - 11, self.height - 14.5, 2.8, stroke=0, fill=1)
            inner -= 6
        label = shortened(figure.label, look.SIZE_TABLE, inner)
        write(canvas, x + 10, self.height - 17, label, look.SIZE_TABLE, color=look.INK_3)
        words, unit = figure.words, ""
        if not words:
            words = in_words(figure.value, self.zone, figure.precision, figure.unit)
            unit = figure.unit if figure.value is not None else ""
        room = width - 20 - (width_of(unit, look.SIZE_TEXT) + 4 if unit else 0)
        size = VALUE
        while size > look.SIZE_TEXT and width_of(words, size, bold=True) > room:
            size -= 0.5
        end = x + 10 + write(
            canvas, x + 10, self.height - 41, shortened(words, size, room, bold=True), size, bold=True
        )  # fmt: skip
        write(canvas, end + 3, self.height - 41, unit, look.SIZE_TEXT, color=look.INK_3)
        if figure.note:
            note = shortened(figure.note, look.SIZE_SMALL, width - 20)
            write(canvas, x + 10, 9, note, look.SIZE_SMALL, color=look.INK_3)
