"""Text on paper: in a font that has its letters, in the order in which it is read, cut into lines. Never markup.

Noto Sans, whose figures are all of one width, has Latin, Greek and Cyrillic; FiraGO has Arabic, Hebrew, Thai,
Devanagari and Georgian besides. Chinese, Japanese and Korean are in a font of Debian's; where it is not installed, they
are written in those that PDF readers bring along (they are not in the file). What no font has becomes a question mark.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from arabic_reshaper import ArabicReshaper
from bidi import get_display
from pymupdf_fonts import FiraGO_Bold, FiraGO_Regular, NotoSans_Bold, NotoSans_Regular
from reportlab.lib.colors import Color
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from reports.files.pdf.look import INK

FILES = {
    "NotoSans": NotoSans_Regular.fontbuffer,
    "NotoSans-Bold": NotoSans_Bold.fontbuffer,
    "FiraGO": FiraGO_Regular.fontbuffer,
    "FiraGO-Bold": FiraGO_Bold.fontbuffer,
}
EASTERN = "DroidSansFallback"
EASTERN_FILE = Path("/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf")
"""Of the package fonts-droid-fallback."""
REGULAR, BOLD = ("NotoSans", "FiraGO", EASTERN), ("NotoSans-Bold", "FiraGO-Bold", EASTERN)
KANA, HANGUL, HAN = "HeiseiKakuGo-W5", "HYGothic-Medium", "STSong-Light"
UNKNOWN = "?"
ELLIPSIS = "…"
RIGHT_TO_LEFT = {"R", "AL"}
# Its presentation forms are in the font, so that letters join without shaping; of those that stand alone it has the
# letters themselves.
joined = ArabicReshaper(
    {"delete_harakat": False, "support_ligatures": True, "use_unshaped_instead_of_isolated": True}
).reshape


class Run(NamedTuple):
    font: str
    text: str


@cache
def _letters_of(name: str) -> frozenset[int]:
    """Registers the font: which letters it has. None if it is not installed."""
    if name == EASTERN and not EASTERN_FILE.exists():
        return frozenset()
    font: Any = TTFont(name, str(EASTERN_FILE) if name == EASTERN else BytesIO(FILES[name]))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


@cache
def _of_readers(name: str) -> str:
    """Registers one of the fonts that PDF readers bring along."""
    pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name


@lru_cache(maxsize=20_000)
def runs_of(text: str, *, bold: bool = False) -> tuple[Run, ...]:
    """A line, as it is seen from left to right, in pieces that are of one font each."""
    fonts = BOLD if bold else REGULAR
    letters = _letters_of(fonts[0])
    seen = _seen(text)
    if all(ord(letter) in letters for letter in seen):
        return (Run(fonts[0], seen),) if seen else ()
    eastern = _eastern(seen)
    placed = [_placed(letter, fonts, eastern) for letter in seen]
    return tuple(
        Run(font, "".join(letter for _, letter in same)) for font, same in groupby(placed, key=lambda pair: pair[0])
    )


@lru_cache(maxsize=20_000)
def width_of(text: str, size: float, *, bold: bool = False) -> float:
    return sum(pdfmetrics.stringWidth(run.text, run.font, size) for run in runs_of(text, bold=bold))


def write(
    canvas: Any, x: float, y: float, text: str, size: float, *, bold: bool = False, color: Color = INK, align: str = ""
) -> float:
    """One line on the canvas, its baseline at `y`; `align`: right (it ends at x) or center. How wide it is."""
    width = width_of(text, size, bold=bold)
    x -= {"right": width, "center": width / 2}.get(align, 0)
    line = canvas.beginText(x, y)
    line.setFillColor(color)
    for run in runs_of(text, bold=bold):
        line.setFont(run.font, size)
        line.textOut(run.text)
    canvas.drawText(line)
    return width


def lines_of(text: str, size: float, width: float, *, bold: bool = False, most: int = 1000) -> list[str]:
    """The text in lines no wider than that, `most` at most; the last says by an ellipsis that there was more."""
    lines: list[str] = []
    for line in _wrapped(text, size, width, bold=bold):
        if len(lines) == most:
            lines[-1] = shortened(f"{lines[-1]}{ELLIPSIS}", size, width, bold=bold)
            break
        lines.append(line)
    return lines or [""]


def shortened(text: str, size: float, width: float, *, bold: bool = False) -> str:
    if width_of(text, size, bold=bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(f"{text[:middle].rstrip()}{ELLIPSIS}", size, bold=bold) <= width:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}{ELLIPSIS}"


def _wrapped(text: str, size: float, width: float, *, bold: bool) -> Iterator[str]:
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if width_of(longer, size, bold=bold) <= width:
                line = longer
                continue
            if line:
                yield line
            *full, line = _cut(word, size, width, bold=bold)
            yield from full
        yield line


def _cut(word: str, size: float, width: float, *, bold: bool) -> list[str]:
    """A word that is wider than a line, in pieces; else itself alone."""
    if width_of(word, size, bold=bold) <= width:
        return [word]
    pieces = [""]
    for letter in word:
        if pieces[-1] and width_of(pieces[-1] + letter, size, bold=bold) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _seen(text: str) -> str:
    """From left to right, as eyes meet it; without what cannot be seen."""
    text = "".join(letter for letter in unicodedata.normalize("NFC", text) if letter.isprintable())
    if any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in text):
        return get_display(joined(text))
    return text


def _eastern(text: str) -> str:
    """The font of its Han letters: Japanese where there is kana beside them, Korean where there is Hangul."""
    if any("\u3040" <= letter <= "\u30ff" for letter in text):
        return KANA
    return HANGUL if any(_is_hangul(letter) for letter in text) else HAN


def _placed(letter: str, fonts: tuple[str, ...], eastern: str) -> Run:
    for font in fonts:
        if ord(letter) in _letters_of(font):
            return Run(font, letter)
    if _is_hangul(letter):
        return Run(_of_readers(HANGUL), letter)
    is_eastern = unicodedata.east_asian_width(letter) in {"W", "F"} and ord(letter) < 0x10000
    return Run(_of_readers(eastern), letter) if is_eastern else Run(fonts[0], UNKNOWN)


def _is_hangul(letter: str) -> bool:
    return "\uac00" <= letter <= "\ud7a3" or "\u3130" <= letter <= "\u318f"
