"""A document as PDF: laid out by ReportLab's platypus, in one pass."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
)

from reports.documents import Bars, Block, Chart, Document, Figures, Heading, Missing, Strips, Table, Text, Tone
from reports.files.pdf import look
from reports.files.pdf.blocks import IN_A_ROW, DrawnFigures, DrawnHeading, DrawnText
from reports.files.pdf.chart import DrawnBars, DrawnChart, DrawnStrips
from reports.files.pdf.contents import Contents
from reports.files.pdf.pages import NAME, cover_room, draw_body_page, draw_cover
from reports.files.pdf.table import drawn_table
from reports.words import range_in_words

SIZES = {"A4": A4, "Letter": LETTER}
ROOM_FOR_SECTION = 220.0
ROOM_FOR_HEADING = 190.0


def write_pdf(document: Document, file: BinaryIO, page_size: str, progress: Callable[[float], object]) -> None:
    size = SIZES[page_size]
    contents = Contents()
    template = BaseDocTemplate(
        file,
        pagesize=size,
        title=document.title,
        author=NAME,
        subject=f"{document.subtitle}, {range_in_words(document.start, document.end, document.zone)}",
        creator=NAME,
        keywords=[document.kind, document.project] if document.project else [document.kind],
        lang=get_language(),
        displayDocTitle=True,
    )
    template.addPageTemplates(_pages(size, document))
    story = list(_story(document, contents, size[0] - 2 * look.MARGIN))
    total = len(story)

    def tell(kind: str, value: Any) -> None:
        if kind == "PROGRESS" and total:
            progress(min(1.0, value / total))

    template.setProgressCallBack(tell)
    template.build(story)


def _pages(size: tuple[float, float], document: Document) -> list[PageTemplate]:
    width, height = size
    inner = width - 2 * look.MARGIN
    lower, room = cover_room(height)
    no_padding: dict[str, Any] = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    cover = Frame(look.MARGIN, lower, inner, room, **no_padding)
    bottom = look.FOOT + 24
    body = Frame(look.MARGIN, bottom, inner, height - look.HEAD - 20 - bottom, **no_padding)
    return [
        PageTemplate("cover", [cover], onPage=partial(_draw, draw_cover, document), autoNextPageTemplate="body"),
        PageTemplate("body", [body], onPage=partial(_draw, draw_body_page, document)),
    ]


def _draw(drawn: Callable[..., None], document: Document, canvas: Any, template: Any) -> None:
    canvas.saveState()
    drawn(canvas, template.pagesize, document)
    canvas.restoreState()


def _story(document: Document, contents: Contents, width: float) -> Iterator[Flowable]:
    for section in document.sections:
        yield contents.line(section.title, 0)
        yield from (contents.line(block.text, 1) for block in section.blocks if isinstance(block, Heading))
    yield NextPageTemplate("body")
    yield PageBreak()
    yield from _what_is_missing(document)
    for section in document.sections:
        yield CondPageBreak(ROOM_FOR_SECTION)
        yield DrawnHeading(section.title, "", 0, contents)
        for block in section.blocks:
            yield from _drawn(block, section.title, document, contents, width)
        if not section.blocks:
            yield DrawnText(_("There was nothing to say in this time."))
    yield _Ending(contents)


def _what_is_missing(document: Document) -> Iterator[Flowable]:
    if missing := document.missing:
        yield DrawnText(" ".join([_("Data was missing."), *missing]), Tone.WARN, boxed=True)


def _drawn(block: Block, under: str, document: Document, contents: Contents, width: float) -> Iterator[Flowable]:
    """`under`: the title of the section, which needs not be said again."""
    match block:
        case Heading():
            yield CondPageBreak(ROOM_FOR_HEADING)
            yield DrawnHeading(block.text, block.note, 1, contents)
        case Text():
            yield DrawnText(block.text, block.tone, boxed=block.tone != Tone.NONE)
        case Missing():
            yield DrawnText(block.text[:1].upper() + block.text[1:], Tone.WARN, boxed=True)
        case Figures():
            for start in range(0, len(block.figures), IN_A_ROW):
                yield DrawnFigures(block.figures[start : start + IN_A_ROW], document.zone)
        case Chart():
            yield DrawnChart(block, document.zone)
        case Bars():
            yield DrawnBars(block)
        case Strips():
            yield DrawnStrips(block, document.zone)
        case Table():
            yield drawn_table(block, document.zone, width, "" if block.title == under else block.title)


class _Ending(Flowable):
    """Of no size; when it is drawn, all else is."""

    def __init__(self, contents: Contents) -> None:
        super().__init__()
        self.contents = contents

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        self.contents.fill_in(self.canv)
