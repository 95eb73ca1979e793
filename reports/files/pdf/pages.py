"""What stands around the text of a page, and the cover."""

from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.utils import ImageReader

from reports.documents import Document
from reports.files.pdf import look
from reports.files.pdf.contents import PAGES, width_of_pages
from reports.files.pdf.type import lines_of, shortened, width_of, write
from reports.words import range_in_words, time_in_words

NAME = "IoTSphere"
BLOCK = 0.42  # of the height of the cover
LOGO = (150.0, 44.0)


def draw_body_page(canvas: Any, size: tuple[float, float], document: Document) -> None:
    """The running head, the page's number, and when it was made."""
    width, height = size
    right, y = width - look.MARGIN, height - look.HEAD
    _mark(canvas, look.MARGIN + 5, y + 2.5, 5.2, look.ACCENT)
    period = range_in_words(document.start, document.end, document.zone)
    left = look.MARGIN + 16
    room = right - left - width_of(period, look.SIZE_SMALL) - 20
    head = shortened(f"{document.title} · {document.subtitle}", look.SIZE_SMALL, room)
    write(canvas, left, y, head, look.SIZE_SMALL, color=look.INK_2)
    write(canvas, right, y, period, look.SIZE_SMALL, color=look.INK_3, align="right")
    _rule(canvas, look.MARGIN, y - 8, right)
    _rule(canvas, look.MARGIN, look.FOOT + 12, right)
    write(canvas, look.MARGIN, look.FOOT, _made(document), look.SIZE_SMALL, color=look.INK_3)
    start = right - width_of_pages()
    words = _("Page %(page)s of") % {"page": canvas.getPageNumber()} + " "
    write(canvas, start, look.FOOT, words, look.SIZE_SMALL, color=look.INK_3, align="right")
    canvas.saveState()
    canvas.translate(start, look.FOOT)
    canvas.doForm(PAGES)
    canvas.restoreState()


def draw_cover(canvas: Any, size: tuple[float, float], document: Document) -> None:
    width, height = size
    bottom = height * (1 - BLOCK)
    canvas.setFillColor(look.NIGHT)
    canvas.rect(0, bottom, width, height - bottom, stroke=0, fill=1)
    _sky(canvas, width, height, bottom)
    _mark(canvas, look.MARGIN + 9, height - 52, 9, look.NIGHT_ACCENT)
    whose = shortened(document.organisation or NAME, 13, width / 2, bold=True)
    write(canvas, look.MARGIN + 28, height - 56, whose, 13, bold=True, color=look.NIGHT_TEXT)
    _logo(canvas, document, width - look.MARGIN, height - 34)
    lines = lines_of(document.title, look.SIZE_TITLE, width - 2 * look.MARGIN, bold=True, most=3)
    for number, line in enumerate(reversed(lines)):
        y = bottom + 62 + number * look.SIZE_TITLE * 1.2
        write(canvas, look.MARGIN, y, line, look.SIZE_TITLE, bold=True, color=look.NIGHT_TEXT)
    subtitle = shortened(document.subtitle, 13, width - 2 * look.MARGIN)
    write(canvas, look.MARGIN, bottom + 36, subtitle, 13, color=look.NIGHT_TEXT_2)
    canvas.setFillColor(look.NIGHT_ACCENT)
    canvas.rect(look.MARGIN, bottom + 18, 36, 2.6, stroke=0, fill=1)
    facts = [
        (_("Period"), range_in_words(document.start, document.end, document.zone)),
        (_("Time zone"), str(document.zone)),
        (_("Made"), time_in_words(document.generated_at, document.zone)),
        (_("For"), document.generated_for),
    ]
    y, place = bottom - 30, (width - 2 * look.MARGIN)
    shares = (0.36, 0.22, 0.24, 0.18)
    x = look.MARGIN
    for (label, value), share in zip(facts, shares, strict=True):
        write(canvas, x, y, label, look.SIZE_SMALL, color=look.INK_3)
        value = shortened(value, look.SIZE_TEXT, share * place - 8, bold=True)
        write(canvas, x, y - 14, value, look.SIZE_TEXT, bold=True)
        x += share * place
    _rule(canvas, look.MARGIN, y - 28, width - look.MARGIN)
    write(canvas, look.MARGIN, look.FOOT, f"{NAME}", look.SIZE_SMALL, color=look.INK_3)


def cover_room(height: float) -> tuple[float, float]:
    """Where the contents begin under the cover: their lower edge and their height."""
    lower = look.FOOT + 20
    return lower, height * (1 - BLOCK) - 66 - lower


def _made(document: Document) -> str:
    made = time_in_words(document.generated_at, document.zone)
    return _("Made %(time)s (%(zone)s)") % {"time": made, "zone": document.zone}


def _logo(canvas: Any, document: Document, right: float, top: float) -> None:
    """On white, in its own proportions, as large as there is room for. What is no picture is left out."""
    if document.logo is None:
        return
    try:
        image = ImageReader(BytesIO(document.logo))
    except OSError:
        return
    pixels = image.getSize()
    scale = min(LOGO[0] / pixels[0], LOGO[1] / pixels[1])
    width, height = pixels[0] * scale, pixels[1] * scale
    canvas.setFillColor(look.PAPER)
    canvas.roundRect(right - width - 12, top - height - 12, width + 12, height + 12, look.RADIUS, stroke=0, fill=1)
    canvas.drawImage(image, right - width - 6, top - height - 6, width, height, mask="auto")


def _mark(canvas: Any, x: float, y: float, radius: float, color: Any) -> None:
    """The portal's mark: a sphere, and what goes around it (templates/partials/mark.html)."""
    canvas.saveState()
    canvas.translate(x, y)
    unit = radius / 16
    canvas.setStrokeColor(color)
    canvas.setFillColor(color)
    canvas.setLineWidth(2 * unit)
    canvas.setLineCap(1)
    canvas.circle(0, 0, 6.5 * unit, stroke=1, fill=0)
    canvas.rotate(28)
    wide, high = 13.5 * unit, 5 * unit
    canvas.arc(-wide, -high, wide, high, startAng=140, extent=260)
    canvas.circle(-8 * unit, -4 * unit, 2.2 * unit, stroke=0, fill=1)
    canvas.restoreState()


def _sky(canvas: Any, width: float, height: float, bottom: float) -> None:
    """Orbits, large, behind the title."""
    canvas.saveState()
    path = canvas.beginPath()
    path.rect(0, bottom, width, height - bottom)
    canvas.clipPath(path, stroke=0, fill=0)
    canvas.translate(width - 110, height - 90)
    canvas.setLineWidth(0.8)
    for number, color in enumerate((look.NIGHT_LINE,) * 4):
        canvas.setStrokeColor(color)
        canvas.circle(0, 0, 46 + number * 58, stroke=1, fill=0)
    canvas.rotate(28)
    canvas.ellipse(-230, -84, 230, 84, stroke=1, fill=0)
    canvas.setFillColor(look.NIGHT_ACCENT)
    canvas.circle(-199, -42, 4, stroke=0, fill=1)
    canvas.setFillColor(look.NIGHT_LINE)
    canvas.circle(88, 79, 3, stroke=0, fill=1)
    canvas.restoreState()


def _rule(canvas: Any, left: float, y: float, right: float) -> None:
    canvas.setStrokeColor(look.LINE)
    canvas.setLineWidth(0.6)
    canvas.line(left, y, right, y)
