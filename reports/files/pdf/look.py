"""How paper looks: the pages' tokens (static/css/tokens.css) in their light scheme, sizes in points."""

from reportlab.lib.colors import Color, HexColor

from reports.documents import Tone

INK = HexColor("#161b23")
INK_2 = HexColor("#47525f")
INK_3 = HexColor("#5d6876")
PAPER = HexColor("#ffffff")
SURFACE = HexColor("#f4f6f8")
LINE = HexColor("#e0e5eb")
LINE_STRONG = HexColor("#c8d0da")
GRID = HexColor("#e8ecf1")
ACCENT = HexColor("#1b5cb8")
ACCENT_SOFT = HexColor("#e6effb")
NIGHT = HexColor("#0b0e13")
NIGHT_LINE = HexColor("#2b3a52")
NIGHT_TEXT = HexColor("#e9edf3")
NIGHT_TEXT_2 = HexColor("#aab4c2")
NIGHT_ACCENT = HexColor("#7ab7ff")

SERIES = [HexColor(code) for code in ("#1f6fd1", "#c2620d", "#0f8a72", "#7a4fc4", "#bf3f74", "#857000")]
TARGET = HexColor("#586473")

TONES: dict[Tone, Color] = {
    Tone.NONE: INK,
    Tone.GOOD: HexColor("#0f7048"),
    Tone.WARN: HexColor("#805300"),
    Tone.BAD: HexColor("#b8302a"),
    Tone.QUIET: HexColor("#586473"),
}
SOFT: dict[Tone, Color] = {
    Tone.NONE: SURFACE,
    Tone.GOOD: HexColor("#e2f5ec"),
    Tone.WARN: HexColor("#fdf1d9"),
    Tone.BAD: HexColor("#fdeae8"),
    Tone.QUIET: HexColor("#ebeef2"),
}
FILLED: dict[Tone, Color] = {
    Tone.NONE: SERIES[0],
    Tone.GOOD: HexColor("#2f9e6e"),
    Tone.WARN: HexColor("#dfa02a"),
    Tone.BAD: HexColor("#d24a42"),
    Tone.QUIET: HexColor("#cfd6de"),
}

MARGIN = 48.0
HEAD = 34.0
FOOT = 30.0
GAP = 10.0
RADIUS = 5.0

SIZE_SMALL = 7.0
SIZE_TABLE = 8.0
SIZE_TEXT = 9.5
SIZE_HEADING = 12.0
SIZE_SECTION = 18.0
SIZE_TITLE = 30.0


def faint(color: Color, share: float) -> Color:
    """A film of the colour on paper, opaque: it covers `share` of the white."""
    return Color(*(1 - share * (1 - part) for part in (color.red, color.green, color.blue)))
