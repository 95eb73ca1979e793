"""Charts as vectors, in the look of the pages' charts on light paper."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext
from reportlab.lib.colors import Color
from reportlab.platypus import Flowable

from reports.documents import Bars, Chart, Drawn, Point, Series, Strips, Tone
from reports.files.pdf import look
from reports.files.pdf.ticks import digits_of, nice, times
from reports.files.pdf.type import lines_of, shortened, width_of, write
from telemetry.values import value_in_words

HEIGHT = 120.0
TITLE = 16.0
UNDER = 16.0  # for the words at the axis
LINE = 9.0  # of words that need a second one
GAPS = 3.0  # a line breaks where there was nothing for so many steps
BAR = 0.7  # of its place
WIDEST = 44.0  # points, of a bar
NEAR = 8.0  # times what the values cover, at most, a limit may be away to be drawn


class _Drawing(Flowable):
    """Its title and legend above, the drawing under them; it is not split."""

    def __init__(self, title: str, unit: str, height: float) -> None:
        super().__init__()
        self.title, self.unit = title, unit
        self.height = height + TITLE
        self.spaceBefore, self.spaceAfter = 4.0, 12.0

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width = width
        return width, self.height

    def heading(self, legend: Sequence[tuple[str, Color, Drawn]]) -> None:
        """The title at the left, the legend at the right of one line."""
        canvas, y = self.canv, self.height - 9
        right = self.width
        for label, color, drawn in reversed(legend):
            label = shortened(label, look.SIZE_SMALL, 150)
            right -= write(canvas, right, y, label, look.SIZE_SMALL, color=look.INK_2, align="right") + 4
            _key(canvas, right - 10, y, color, drawn)
            right -= 20
        title = f"{self.title}, {self.unit}" if self.unit else self.title
        title = shortened(title, look.SIZE_TEXT, max(60.0, right), bold=True)
        write(canvas, 0, y, title, look.SIZE_TEXT, bold=True)


class DrawnChart(_Drawing):
    def __init__(self, chart: Chart, zone: tzinfo) -> None:
        super().__init__(chart.title, chart.unit, HEIGHT)
        self.chart, self.zone = chart, zone

    def draw(self) -> None:
        chart, canvas = self.chart, self.canv
        colors = _colors(chart.series)
        keys = [(one.label, color, one.drawn) for one, color in colors] if len(colors) > 1 else []
        ticks = nice(*_extent(chart), whole=chart.precision == 0)
        limits = [limit for limit in chart.limits if ticks[0] <= limit.value <= ticks[-1]]
        self.heading(keys + [(limit.label, look.TONES[limit.tone], Drawn.TARGET) for limit in limits])
        digits = digits_of(ticks) if chart.precision is None else min(digits_of(ticks), max(chart.precision, 0) + 1)
        names = [value_in_words(tick, digits) for tick in ticks]
        left = max(width_of(name, look.SIZE_SMALL) for name in names) + 6
        plot = _Plot(chart.start, chart.end, ticks[0], ticks[-1], left, UNDER, self.width - left, HEIGHT - UNDER - 8)
        for tick, name in zip(ticks, names, strict=True):
            y = plot.y(tick)
            _line(canvas, plot.left, y, plot.right, y, look.GRID, 0.6)
            write(canvas, plot.left - 5, y - 2.4, name, look.SIZE_SMALL, color=look.INK_3, align="right")
        of_bars = [series for series in chart.series if series.drawn == Drawn.BARS]
        _time_axis(canvas, plot, self.zone, chart.step if of_bars and chart.step else timedelta())
        canvas.saveState()
        path = canvas.beginPath()
        path.rect(plot.left, plot.bottom - 1, plot.width, plot.height + 2)
        canvas.clipPath(path, stroke=0, fill=0)
        for series, color in colors:
            _series(canvas, plot, chart, series, color)
        canvas.restoreState()
        for limit in limits:
            y = plot.y(limit.value)
            _line(canvas, plot.left, y, plot.right, y, look.TONES[limit.tone], 0.8, dash=(4, 2))
        if not any(value is not None for series in chart.series for _, value, *_ in series.points):
            x, y = plot.left + plot.width / 2, plot.bottom + plot.height / 2
            write(canvas, x, y, gettext("No data"), look.SIZE_TEXT, color=look.INK_3, align="center")


class DrawnBars(_Drawing):
    def __init__(self, bars: Bars) -> None:
        super().__init__(bars.title, bars.unit, HEIGHT + LINE)
        self.bars = bars

    def draw(self) -> None:
        bars, canvas = self.bars, self.canv
        colors = [look.FILLED[tone] for tone in bars.tones] or look.SERIES[: len(bars.groups)]
        keys = [(label, color, Drawn.BARS) for (label, _), color in zip(bars.groups, colors, strict=False)]
        self.heading(keys if len(bars.groups) > 1 else [])
        amounts = [amount for _, group in bars.groups for amount in group]
        ticks = nice(0, max(amounts, default=0) or 1, 4, whole=all(amount == int(amount) for amount in amounts))
        names = [value_in_words(tick, digits_of(ticks)) for tick in ticks]
        left = max(width_of(name, look.SIZE_SMALL) for name in names) + 6
        bottom, top, width = UNDER + LINE, HEIGHT + LINE - 8, self.width - left
        scale = (top - bottom) / ticks[-1]
        for tick, name in zip(ticks, names, strict=True):
            y = bottom + tick * scale
            _line(canvas, left, y, self.width, y, look.GRID, 0.6)
            write(canvas, left - 5, y - 2.4, name, look.SIZE_SMALL, color=look.INK_3, align="right")
        place = width / max(1, len(bars.names))
        every = -(-len(bars.names) // max(1, int(width // 34)))
        for number, name in enumerate(bars.names):
            x = left + number * place
            if number % every == 0:
                for line, words in enumerate(lines_of(name, look.SIZE_SMALL, place * every - 3, most=2)):
                    y = bottom - 10 - line * LINE
                    write(canvas, x + place / 2, y, words, look.SIZE_SMALL, color=look.INK_3, align="center")
            one = min(place * BAR / len(bars.groups), WIDEST)
            x += (place - one * len(bars.groups)) / 2
            for position, ((_, group), color) in enumerate(zip(bars.groups, colors, strict=False)):
                _bar(canvas, x + position * one, bottom, one, group[number] * scale, color)


class DrawnStrips(_Drawing):
    """One strip of time under the other."""

    ROW = 13.0

    def __init__(self, strips: Strips, zone: tzinfo) -> None:
        super().__init__(strips.title, "", len(strips.rows) * self.ROW + UNDER)
        self.strips, self.zone = strips, zone

    def draw(self) -> None:
        canvas, strips = self.canv, self.strips
        self.heading([(state, look.FILLED[tone], Drawn.BARS) for state, tone in strips.states])
        left = min(140.0, max((width_of(name, look.SIZE_SMALL) for name, _ in strips.rows), default=0.0) + 8)
        height = len(strips.rows) * self.ROW
        plot = _Plot(strips.start, strips.end, 0, 1, left, UNDER, self.width - left, height)
        _time_axis(canvas, plot, self.zone)
        for number, (name, stretches) in enumerate(strips.rows):
            y = plot.bottom + height - (number + 1) * self.ROW + 2
            write(canvas, 0, y + 2, shortened(name, look.SIZE_SMALL, left - 6), look.SIZE_SMALL, color=look.INK_2)
            canvas.setFillColor(look.FILLED[Tone.QUIET])
            canvas.rect(plot.left, y, plot.width, self.ROW - 4, stroke=0, fill=1)
            for stretch in stretches:
                x = plot.x(stretch.start)
                canvas.setFillColor(look.FILLED[stretch.tone])
                canvas.rect(x, y, max(0.4, plot.x(stretch.end) - x), self.ROW - 4, stroke=0, fill=1)


class _Plot:
    """Where a time and a value are on paper."""

    def __init__(
        self, start: datetime, end: datetime, low: float, high: float,
        left: float, bottom: float, width: float, height: float,
    ) -> None:  # fmt: skip
        self.start, self.end = start, end
        self.left, self.bottom, self.width, self.height = left, bottom, width, height
        self._began, self._scale = start.timestamp(), width / max(1.0, (end - start).total_seconds())
        self._low, self._rise = low, height / (high - low)

    @property
    def right(self) -> float:
        return self.left + self.width

    def x(self, time: datetime) -> float:
        return self.left + (time.timestamp() - self._began) * self._scale

    def y(self, value: float) -> float:
        return self.bottom + (value - self._low) * self._rise


def _extent(chart: Chart) -> tuple[float, float]:
    """The lowest and the highest of what is drawn; counters stand on zero, and limits near by are shown."""
    values = [
        value
        for series in chart.series
        for _, *figures in series.points
        for value in (figures if series.drawn == Drawn.LINE else figures[:1])
        if value is not None
    ]
    if chart.from_zero or any(series.drawn == Drawn.BARS for series in chart.series):
        values.append(0.0)
    if not any(values):
        return 0.0, 1.0
    low, high = min(values), max(values)
    reach = NEAR * ((high - low) or abs(high) or 1.0)
    near = [limit.value for limit in chart.limits if low - reach <= limit.value <= high + reach]
    return min([low, *near]), max([high, *near])


def _colors(series: Sequence[Series]) -> list[tuple[Series, Color]]:
    colors = iter(look.SERIES * (len(series) // len(look.SERIES) + 1))
    return [
        (
            one,
            look.TARGET
            if one.drawn == Drawn.TARGET
            else look.FILLED[one.tone]
            if one.tone != Tone.NONE
            else next(colors),
        )
        for one in series
    ]


def _series(canvas: Any, plot: _Plot, chart: Chart, series: Series, color: Color) -> None:
    if series.drawn == Drawn.BARS:
        for time, value, *_ in series.points:
            if value is not None:
                x = plot.x(time)
                width = (plot.x(time + chart.step) - x) if chart.step else 3.0
                _bar(canvas, x + width * (1 - BAR) / 2, plot.y(0), width * BAR, plot.y(value) - plot.y(0), color)
        return
    pieces = list(_pieces(series.points, chart))
    if series.drawn == Drawn.LINE:
        for piece in pieces:
            _band(canvas, plot, piece, color)
    for piece in pieces:
        _curve(canvas, plot, piece, color, is_target=series.drawn == Drawn.TARGET)


def _pieces(points: Sequence[Point], chart: Chart) -> Iterator[list[Point]]:
    """The points without those that say nothing, cut where there was nothing for long."""
    piece: list[Point] = []
    gap = chart.step.total_seconds() * GAPS if chart.step else None
    for point in points:
        is_gap = piece and gap is not None and (point[0] - piece[-1][0]).total_seconds() > gap
        if point[1] is None or is_gap:
            if piece:
                yield piece
            piece = []
        if point[1] is not None:
            piece.append(point)
    if piece:
        yield piece


def _band(canvas: Any, plot: _Plot, piece: list[Point], color: Color) -> None:
    """From the lowest to the highest reading, behind the line."""
    edges = [(plot.x(time), low, high) for time, _, low, high in piece if low is not None and high is not None]
    if len(edges) < 2 or all(low == high for _, low, high in edges):
        return
    path = canvas.beginPath()
    path.moveTo(edges[0][0], plot.y(edges[0][2]))
    for x, _, high in edges[1:]:
        path.lineTo(x, plot.y(high))
    for x, low, _ in reversed(edges):
        path.lineTo(x, plot.y(low))
    path.close()
    canvas.setFillColor(look.faint(color, 0.18))
    canvas.drawPath(path, stroke=0, fill=1)


def _curve(canvas: Any, plot: _Plot, piece: list[Point], color: Color, *, is_target: bool) -> None:
    canvas.saveState()
    canvas.setStrokeColor(color)
    canvas.setLineWidth(1.0 if is_target else 1.2)
    canvas.setLineJoin(1)
    if is_target:
        canvas.setDash(4, 2.5)
    spots = [(plot.x(time), plot.y(value)) for time, value, *_ in piece if value is not None]
    path = canvas.beginPath()
    path.moveTo(*spots[0])
    for (_, before), (x, y) in pairwise(spots):
        if is_target:
            path.lineTo(x, before)
        path.lineTo(x, y)
    if len(spots) == 1:
        path.lineTo(spots[0][0] + 1.5, spots[0][1])
    canvas.drawPath(path, stroke=1, fill=0)
    canvas.restoreState()


def _time_axis(canvas: Any, plot: _Plot, zone: tzinfo, bar: timedelta = timedelta()) -> None:
    """Words stand at their moments; of bars in their middle."""
    _line(canvas, plot.left, plot.bottom, plot.right, plot.bottom, look.LINE_STRONG, 0.6)
    end = 0.0
    for moment, name in times(plot.start, plot.end, zone):
        x, width = plot.x(moment), width_of(name, look.SIZE_SMALL)
        _line(canvas, x, plot.bottom, x, plot.bottom - 3, look.LINE_STRONG, 0.6)
        middle = (x + plot.x(moment + bar)) / 2
        middle = min(max(middle, plot.left + width / 2), plot.right - width / 2)
        if middle - width / 2 > end:
            write(canvas, middle, plot.bottom - 11, name, look.SIZE_SMALL, color=look.INK_3, align="center")
            end = middle + width / 2 + 4


def _key(canvas: Any, x: float, y: float, color: Color, drawn: Drawn) -> None:
    if drawn == Drawn.BARS:
        canvas.setFillColor(color)
        canvas.rect(x + 2, y - 0.5, 7, 6, stroke=0, fill=1)
    else:
        _line(canvas, x - 3, y + 2.4, x + 9, y + 2.4, color, 1.4, dash=(3, 2) if drawn == Drawn.TARGET else None)


def _bar(canvas: Any, x: float, y: float, width: float, height: float, color: Color) -> None:
    if height:
        canvas.setFillColor(color)
        canvas.rect(x, y, max(0.4, width), height, stroke=0, fill=1)


def _line(
    canvas: Any, x1: float, y1: float, x2: float, y2: float, color: Color, width: float,
    dash: tuple[float, float] | None = None,
) -> None:  # fmt: skip
    canvas.saveState()
    canvas.setStrokeColor(color)
    canvas.setLineWidth(width)
    if dash:
        canvas.setDash(*dash)
    canvas.line(x1, y1, x2, y2)
    canvas.restoreState()
