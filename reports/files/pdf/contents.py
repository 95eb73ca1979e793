"""The contents and the outline: where each heading is becomes known only when it is drawn.

So page numbers are forms, which a PDF may use before they are there: whoever knows a number fills it in at the end.
"""

from typing import Any

from reportlab.platypus import Flowable

from reports.files.pdf import look
from reports.files.pdf.type import shortened, width_of, write

ROOM = 24.0  # for a page number
PAGES = "pages"


class Contents:
    """Headings in their order. They are announced (`line`) before they are drawn (`arrive`)."""

    def __init__(self) -> None:
        self._announced = 0
        self._pages: list[int] = []

    def line(self, text: str, level: int) -> "ContentsLine":
        self._announced += 1
        return ContentsLine(text, level, f"heading-{self._announced}")

    def arrive(self, canvas: Any, text: str, level: int) -> None:
        self._pages.append(canvas.getPageNumber())
        key = f"heading-{len(self._pages)}"
        canvas.bookmarkHorizontal(key, 0, look.SIZE_SECTION * 2)
        canvas.addOutlineEntry(text, key, level, closed=level == 0)

    def fill_in(self, canvas: Any) -> None:
        """All is drawn: say where, and on how many pages."""
        for number, page in enumerate(self._pages, start=1):
            _form(canvas, f"heading-{number}", str(page), look.SIZE_TEXT, align="right")
        _form(canvas, PAGES, str(canvas.getPageNumber()), look.SIZE_SMALL, align="")


class ContentsLine(Flowable):
    def __init__(self, text: str, level: int, key: str) -> None:
        super().__init__()
        self.text, self.level, self.key = text, level, key

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width, self.height = width, 14.0 if self.level else 19.0
        return width, self.height

    def draw(self) -> None:
        canvas, x, y = self.canv, 14.0 * self.level, 3.5
        size = look.SIZE_TABLE if self.level else look.SIZE_TEXT
        text = shortened(self.text, size, self.width - x - ROOM - 30, bold=not self.level)
        end = x + write(canvas, x, y, text, size, bold=not self.level, color=look.INK_2 if self.level else look.INK)
        canvas.saveState()
        canvas.setStrokeColor(look.LINE_STRONG)
        canvas.setLineWidth(0.6)
        canvas.setDash(0.6, 3)
        canvas.setLineCap(1)
        canvas.line(end + 6, y + 1.5, self.width - ROOM, y + 1.5)
        canvas.translate(self.width, y)
        canvas.doForm(self.key)
        canvas.restoreState()
        canvas.linkRect("", self.key, (x, 0, self.width, self.height), relative=1)


def _form(canvas: Any, name: str, text: str, size: float, align: str) -> None:
    canvas.beginForm(name, -60, -5, 60, 20)
    write(canvas, 0, 0, text, size, color=look.INK_3, align=align)
    canvas.endForm()


def width_of_pages() -> float:
    return width_of("0000", look.SIZE_SMALL)
