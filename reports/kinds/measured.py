"""What a device measured in the time of a report: its charts and figures, from telemetry.history like the pages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from devices.models import Device
from reports.asked import Asked
from reports.documents import Chart, Column, Drawn, Figure, Form, Point, Precise, Row, Series, Table
from telemetry.aggregates import Aggregate
from telemetry.chosen import MAX_METRICS
from telemetry.history import Question, Totals, ask
from telemetry.history import Series as Answer
from telemetry.values import Shown, charts_of, value_in_words

POINTS = 240
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FINE = timedelta(days=3)
"""Counters of shorter times are shown by the hour."""
MOST_COLUMNS = 7


@dataclass(frozen=True, slots=True)
class Measured:
    """Of each number that the device has sent, by its key."""

    device: Device
    asked: Asked
    metrics: Sequence[Shown]
    answers: Mapping[str, Answer]
    totals: Mapping[str, Totals]
    increases: Mapping[str, Answer]  # of counters, by `bar`
    step: timedelta
    bar: timedelta

    @property
    def is_empty(self) -> bool:
        return not self.totals

    def increase(self, key: str) -> float | None:
        """By how much a counter has risen."""
        points = self.increases[key].points
        return sum(float(point[1] or 0) for point in points) if points else None


def measure(device: Device, metrics: Sequence[Shown], asked: Asked, points: int = POINTS) -> Measured:
    """`metrics` are those of the device (telemetry.values.with_metrics); of texts there is nothing to measure."""
    numbers = [metric for metric in metrics if metric.is_number and metric.time is not None]
    answers: dict[str, Answer] = {}
    totals: dict[str, Totals] = {}
    increases: dict[str, Answer] = {}
    step, bar = timedelta(), HOUR if asked.length <= FINE else DAY
    for keys in _chunks([metric.key for metric in numbers]):
        question = ask([device], keys, Question(asked.start, asked.end, points=points, time_zone=asked.zone))
        answers |= question.answer()[0].series
        totals |= question.totals()[0]
        step = timedelta(seconds=question.buckets.width)
    for keys in _chunks([metric.key for metric in numbers if metric.is_counter]):
        increases |= _by(device, keys, asked, bar, Aggregate.DELTA)
    return Measured(device, asked, numbers, answers, totals, increases, step, bar)


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
            title = f"{metric.label} {'an hour' if measured.bar == HOUR else 'a day'}"
            drawn.append(
                Chart(title, metric.unit, start, asked.end, series, step=measured.bar, precision=metric.precision)
            )
    return drawn


def figures(measured: Measured) -> list[Figure]:
    """Of each metric that has a chart its mean; of counters by how much they rose; how far targets were missed."""
    found = []
    for metric in (metric for metric in measured.metrics if metric.chart and metric.key in measured.totals):
        total = measured.totals[metric.key]
        if metric.is_counter:
            rise = measured.increase(metric.key)
            found.append(Figure(metric.key, f"{metric.label}, in all", rise, metric.unit, metric.precision))
            continue
        target = measured.totals.get(f"target_{metric.key}")
        extremes = f"{_short(total.lowest, metric)} to {_short(total.highest, metric)}"
        found.append(Figure(metric.key, metric.label, total.mean, metric.unit, metric.precision, note=extremes))
        if target is not None:
            missed, note = total.mean - target.mean, f"{metric.label}, mean"
            found.append(Figure(f"{metric.key}_off", "Above target", missed, metric.unit, metric.precision, note=note))
    return found


def table_of_metrics(measured: Measured) -> Table:
    columns = [
        Column("metric", "Metric", share=1.6),
        Column("key", "Key", share=1.2),
        Column("unit", "Unit", share=0.6),
        Column("mean", "Mean", Form.NUMBER),
        Column("lowest", "Lowest", Form.NUMBER),
        Column("highest", "Highest", Form.NUMBER),
        Column("increase", "Increase", Form.NUMBER),
        Column("readings", "Readings", Form.NUMBER, precision=0),
    ]
    return Table("metrics", "All that it measured", columns, list(_metric_rows(measured)), empty="Nothing.")


def table_of_days(measured: Measured) -> Table:
    """Day by day on the clocks of the report: means; of counters the increase. The same as REST's `interval=1d`."""
    asked, device = measured.asked, measured.device
    chosen = [metric for metric in measured.metrics if metric.chart and metric.key in measured.totals][:MOST_COLUMNS]
    means: dict[str, Answer] = {}
    for keys in _chunks([metric.key for metric in chosen if not metric.is_counter]):
        means |= _by(device, keys, asked, DAY, Aggregate.AVG)
    for keys in _chunks([metric.key for metric in chosen if metric.is_counter]):
        means |= _by(device, keys, asked, DAY, Aggregate.DELTA)
    columns = [Column("day", "Day", Form.STATE)] + [
        Column(metric.key, metric.label, Form.NUMBER, metric.unit, metric.precision) for metric in chosen
    ]
    return Table("days", "Day by day", columns, list(_day_rows(means, chosen, asked)), empty="No readings.")


def _by(device: Device, keys: Sequence[str], asked: Asked, step: timedelta, agg: str) -> Mapping[str, Answer]:
    interval = "1h" if step == HOUR else "1d"
    question = Question(asked.start, asked.end, interval=interval, agg=agg, time_zone=asked.zone)
    return ask([device], keys, question).answer()[0].series


def _metric_rows(measured: Measured) -> Iterator[Row]:
    for metric in measured.metrics:
        if (total := measured.totals.get(metric.key)) is None:
            continue
        rise = measured.increase(metric.key) if metric.is_counter else None
        found = (None if metric.is_counter else total.mean, total.lowest, total.highest, rise)
        precise = (None if value is None else Precise.of(value, metric.precision) for value in found)
        yield metric.label, metric.key, metric.unit, *precise, total.count


def _day_rows(means: Mapping[str, Answer], chosen: Sequence[Shown], asked: Asked) -> Iterator[Row]:
    columns = {key: {point[0]: point[1] for point in answer.points} for key, answer in means.items()}
    times = sorted({float(point[0] or 0) for answer in means.values() for point in answer.points})
    for time in times:
        day = datetime.fromtimestamp(time / 1000, UTC).astimezone(asked.zone)
        yield f"{day:%Y-%m-%d}", *(_number(columns[metric.key].get(time)) for metric in chosen)


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


def _short(value: float, metric: Shown) -> str:
    return value_in_words(value, metric.precision)


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), MAX_METRICS):
        yield keys[start : start + MAX_METRICS]
