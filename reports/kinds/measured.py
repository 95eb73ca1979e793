"""What a device measured in the time of a report: its charts and figures, from telemetry.history like the pages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.models import Device
from reports.asked import Asked
from reports.documents import Chart, Column, Drawn, Figure, Form, Point, Precise, Row, Series, Table
from telemetry.aggregates import Aggregate
from telemetry.chosen import MAX_DEVICES, MAX_METRICS
from telemetry.history import Question, Totals, ask
from telemetry.history import Series as Answer
from telemetry.values import Shown, charts_of, value_in_words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

T = TypeVar("T")
MOST_COLUMNS = 7
POINTS, POINTS_OF_MANY = 240, 120
FEW = 20
"""Devices that are drawn as finely as there is room for."""


class Step(NamedTuple):
    """What a bar, and a line of the table, stands for."""

    interval: str
    length: timedelta
    words: "_StrPromise"
    form: str


STEPS = (
    (timedelta(days=3), Step("1h", timedelta(hours=1), gettext_lazy("an hour"), "SHORT_DATETIME_FORMAT")),
    (timedelta(days=92), Step("1d", timedelta(days=1), gettext_lazy("a day"), "SHORT_DATE_FORMAT")),
    (timedelta.max, Step("1mo", timedelta(days=30), gettext_lazy("a month"), "Y-m")),
)
"""For times that are no longer than that."""
DAYS = STEPS[1][1]


@dataclass(frozen=True, slots=True)
class Measured:
    """Of each number that the device has sent, by its key."""

    device: Device
    asked: Asked
    metrics: Sequence[Shown]
    answers: Mapping[str, Answer]
    totals: Mapping[str, Totals]
    increases: Mapping[str, Answer]  # of counters, by `bar`
    rows: Mapping[str, Answer]  # means, and increases of counters, by `row`
    step: timedelta
    bar: Step
    row: Step

    @property
    def is_empty(self) -> bool:
        return not self.totals

    def increase(self, key: str) -> float | None:
        """By how much a counter has risen."""
        points = self.increases[key].points
        return sum(float(point[1] or 0) for point in points) if points else None


def measure(devices: Sequence[tuple[Device, list[Shown]]], asked: Asked, *, rows: bool = False) -> Iterator[Measured]:
    """Of each device what it measured; `rows`: day by day, too.

    Devices with the same metrics that follow each other are asked for together.
    """
    points = POINTS if len(devices) <= FEW else POINTS_OF_MANY
    numbers = [(device, [one for one in metrics if one.is_number and one.time]) for device, metrics in devices]
    for _keys, alike in groupby(numbers, key=lambda pair: [metric.key for metric in pair[1]]):
        for several in _chunks(list(alike), MAX_DEVICES):
            yield from _measured(several, asked, points, rows=rows)


def _measured(
    several: Sequence[tuple[Device, list[Shown]]], asked: Asked, points: int, *, rows: bool
) -> Iterator[Measured]:
    devices, metrics = [device for device, _ in several], several[0][1]
    bar = next(step for longest, step in STEPS if asked.length <= longest)
    row = DAYS if bar is STEPS[0][1] else bar
    counters = [metric.key for metric in metrics if metric.is_counter]
    others = [metric.key for metric in metrics if not metric.is_counter]
    answers: list[dict[str, Answer]] = [{} for _ in devices]
    totals: list[dict[str, Totals]] = [{} for _ in devices]
    width = 0
    for keys in _chunks([*others, *counters], MAX_METRICS):
        question = ask(devices, keys, Question(asked.start, asked.end, points=points, time_zone=asked.zone))
        width = question.buckets.width
        for number, (history, total) in enumerate(zip(question.answer(), question.totals(), strict=True)):
            answers[number] |= history.series
            totals[number] |= total
    increases = _by(devices, counters, asked, bar, Aggregate.DELTA)
    lines: list[dict[str, Answer]] = [{} for _ in devices]
    if rows:
        rises = increases if row is bar else _by(devices, counters, asked, row, Aggregate.DELTA)
        means = _by(devices, others, asked, row, Aggregate.AVG)
        lines = [mean | rise for mean, rise in zip(means, rises, strict=True)]
    for number, (device, shown) in enumerate(several):
        said = answers[number], totals[number], increases[number], lines[number]
        yield Measured(device, asked, shown, *said, timedelta(seconds=width), bar, row)


def charts(measured: Measured) -> list[Chart]:
    """As on the History tab: what belongs together in one chart, the target dashed, counters as bars."""
    asked = measured.asked
    drawn = []
    for chart in charts_of(measured.metrics):
        shown = [metric for metric in chart.metrics if metric.key in measured.totals]
        if not shown:
            continue
        counters = [metric for metric in shown if metric.is_counter]
        lines = [metric for metric in shown if not metric.is_counter]
        precision = max((metric.precision for metric in shown if metric.precision is not None), default=None)
        if lines:
            series = [_series(measured, metric) for metric in lines]
            drawn.append(
                Chart(chart.title, chart.unit, asked.start, asked.end, series, step=measured.step, precision=precision)
            )
        for metric in counters:
            points = _points(measured.increases[metric.key])
            start = min([asked.start, *(point[0] for point in points[:1])])
            series = [Series(metric.key, metric.label, points, Drawn.BARS)]
            title, step = f"{metric.label} {measured.bar.words}", measured.bar.length
            drawn.append(Chart(title, metric.unit, start, asked.end, series, step=step, precision=metric.precision))
    return drawn


def figures(measured: Measured) -> list[Figure]:
    """Of each metric that has a chart its mean; of counters by how much they rose; how far targets were missed."""
    found = []
    for metric in (metric for metric in measured.metrics if metric.chart and metric.key in measured.totals):
        total = measured.totals[metric.key]
        if metric.is_counter:
            rise = measured.increase(metric.key)
            found.append(
                Figure(
                    metric.key, _("%(metric)s, in all") % {"metric": metric.label}, rise, metric.unit, metric.precision
                )
            )
            continue
        target = measured.totals.get(f"target_{metric.key}")
        extremes = _("%(lowest)s to %(highest)s") % {
            "lowest": value_in_words(total.lowest, metric.precision),
            "highest": value_in_words(total.highest, metric.precision),
        }
        found.append(Figure(metric.key, metric.label, total.mean, metric.unit, metric.precision, note=extremes))
        if target is not None:
            missed, note = total.mean - target.mean, _("%(metric)s, mean") % {"metric": metric.label}
            found.append(
                Figure(f"{metric.key}_off", _("Above target"), missed, metric.unit, metric.precision, note=note)
            )
    return found


def table_of_metrics(measured: Measured) -> Table:
    columns = [
        Column("metric", _("Metric"), share=1.6),
        Column("key", _("Key"), share=1.2),
        Column("unit", _("Unit"), share=0.6),
        Column("mean", _("Mean"), Form.NUMBER),
        Column("lowest", _("Lowest"), Form.NUMBER),
        Column("highest", _("Highest"), Form.NUMBER),
        Column("increase", _("Increase"), Form.NUMBER),
        Column("readings", _("Readings"), Form.NUMBER, precision=0),
    ]
    return Table("metrics", _("All that it measured"), columns, list(_metric_rows(measured)), empty=_("Nothing."))


def table_of_days(measured: Measured) -> Table:
    """Day by day (or month by month) on the clocks of the report, as REST's `interval=1d`."""
    chosen = [metric for metric in measured.metrics if metric.chart and metric.key in measured.totals][:MOST_COLUMNS]
    title = _("Month by month") if measured.row.interval == "1mo" else _("Day by day")
    columns = [Column("day", _("From"), Form.STATE)] + [
        Column(metric.key, metric.label, Form.NUMBER, metric.unit, metric.precision) for metric in chosen
    ]
    return Table("days", title, columns, list(_day_rows(measured, chosen)), empty=_("No readings."))


def _by(devices: Sequence[Device], keys: Sequence[str], asked: Asked, step: Step, agg: str) -> list[dict[str, Answer]]:
    found: list[dict[str, Answer]] = [{} for _ in devices]
    how = Question(asked.start, asked.end, interval=step.interval, agg=agg, time_zone=asked.zone)
    for some in _chunks(keys, MAX_METRICS):
        for number, history in enumerate(ask(devices, some, how).answer()):
            found[number] |= history.series
    return found


def _metric_rows(measured: Measured) -> Iterator[Row]:
    for metric in measured.metrics:
        if (total := measured.totals.get(metric.key)) is None:
            continue
        rise = measured.increase(metric.key) if metric.is_counter else None
        found = (None if metric.is_counter else total.mean, total.lowest, total.highest, rise)
        precise = (None if value is None else Precise.of(value, metric.precision) for value in found)
        yield metric.label, metric.key, metric.unit, *precise, total.count


def _day_rows(measured: Measured, chosen: Sequence[Shown]) -> Iterator[Row]:
    columns = {key: {point[0]: point[1] for point in answer.points} for key, answer in measured.rows.items()}
    times = sorted({time for column in columns.values() for time in column if isinstance(time, int | float)})
    for time in times:
        begin = datetime.fromtimestamp(time / 1000, UTC).astimezone(measured.asked.zone)
        yield date_format(begin, measured.row.form), *(_number(columns[metric.key].get(time)) for metric in chosen)


def _series(measured: Measured, metric: Shown) -> Series:
    drawn = Drawn.TARGET if metric.is_target else Drawn.LINE
    return Series(metric.key, metric.label, _points(measured.answers[metric.key]), drawn)


def _points(answer: Answer) -> list[Point]:
    """Without extremes where a point is one reading."""
    found: list[Point] = []
    for time, value, *extremes in answer.points:
        low, high = extremes if extremes and not answer.raw else (None, None)
        at = datetime.fromtimestamp(float(time or 0) / 1000, UTC)
        found.append((at, _number(value), _number(low), _number(high)))
    return found


def _number(value: float | str | None) -> float | None:
    return None if value is None or isinstance(value, str) else value


def _chunks(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]
