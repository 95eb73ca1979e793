"""How good a model's predictions were: what its page and REST say."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from mlmonitor.comparing import Comparison, compare
from mlmonitor.history import Performance, Point, Range, performance_of
from mlmonitor.ingest import HOUR, hour_of
from mlmonitor.models import ModelVersion
from mlmonitor.panels import DRAWN, PERCENT, Number, number_of
from reports.asked import Asked
from reports.documents import (
    Block,
    Chart,
    Column,
    Figure,
    Figures,
    Form,
    Limit,
    Missing,
    Row,
    Series,
    Table,
    Text,
    Tone,
)
from reports.words import word
from telemetry.values import value_in_words

NUMBERS = {"bad": Tone.BAD, "warn": Tone.WARN}


def range_of(asked: Asked) -> Range:
    """Whole hours, as outcomes are kept: the hour that the report begins in is left out, the one it ends in is not."""
    return Range(_up(asked.start), _up(asked.end))


def performance_blocks(version: ModelVersion, asked: Asked) -> Iterator[Block]:
    found = performance_of(version, range_of(asked))
    if not found.total.labelled:
        yield Missing(
            _("no outcome is known of what version %(version)s predicted (%(count)s).")
            % {"version": version.name, "count": value_in_words(found.total.predicted)}
        )
        return
    yield Figures([*(_figure(found, metric) for metric in found.metrics), _known(found)])
    for metric in found.metrics:
        if metric in DRAWN:
            yield _chart(found, metric)
    yield _table(found)


def comparison_blocks(version: ModelVersion, asked: Asked) -> Iterator[Block]:
    """Beside the other versions that have an alias."""
    for other in version.model.versions.exclude(pk=version.pk).exclude(alias=""):
        other.model = version.model
        found = compare(version, other, range_of(asked))
        columns = [
            Column("figure", _("Figure"), share=2),
            Column("ours", version.name, Form.NUMBER, precision=3),
            Column("theirs", other.name, Form.NUMBER, precision=3),
        ]
        alias = word(other.get_alias_display()).lower()
        title = _("Beside version %(version)s, %(alias)s") % {"version": other.name, "alias": alias}
        yield Table("comparison", title, columns, list(found.rows), empty=_("No figure is known of both."))
        if found.pairs:
            yield Text(_said(version, found))


def _figure(found: Performance, metric: str) -> Figure:
    """Written as on the page; its value is REST's."""
    number = number_of(found, metric)
    notes = [number.interval and f"95 %: {number.interval}", number.baseline and _baseline(number)]
    value, unit = found.figure(found.total, metric), ""
    if metric in PERCENT:
        value, unit = None if value is None else 100 * value, "%"
    elif metric in {"mae", "rmse", "bias"}:
        unit = found.version.model.unit
    tone, note = NUMBERS.get(number.tone, Tone.NONE), next(filter(None, notes), "")
    return Figure(metric, word(number.label), value, unit, tone=tone, note=note, words=number.value)


def _baseline(number: Number) -> str:
    return _("baseline %(baseline)s") % {"baseline": number.baseline}


def _known(found: Performance) -> Figure:
    note = _("%(known)s of %(all)s predictions") % {
        "known": value_in_words(found.total.labelled),
        "all": value_in_words(found.total.predicted),
    }
    return Figure("coverage", _("Outcomes known"), 100 * found.total.coverage, "%", 0, note=note)


def _chart(found: Performance, metric: str) -> Chart:
    scale = 100 if metric in PERCENT else 1
    points = [
        point
        for told in found.told
        if (point := _point(found, told, metric, scale)) is not None
    ]  # fmt: skip
    number = number_of(found, metric)
    lines = [
        (found.figure(found.baseline, metric), _baseline(number), Tone.QUIET),
        (found.limits.get(metric), _("limit %(limit)s") % {"limit": number.limit}, Tone.BAD),
    ]
    limits = [Limit(scale * value, label, tone) for value, label, tone in lines if value is not None]
    unit = "%" if metric in PERCENT else found.version.model.unit
    series = [Series(metric, word(number.label), points)]
    return Chart(word(number.label), unit, found.range.start, found.range.end, series, limits, found.range.step)


def _point(
    found: Performance, told: Point, metric: str, scale: float
) -> tuple[datetime, float | None, float | None, float | None] | None:
    value, interval = found.figure(told.outcomes, metric), found.interval(told.outcomes, metric)
    if value is None:
        return None
    low, high = (scale * interval.low, scale * interval.high) if interval else (None, None)
    return told.time + found.range.step / 2, scale * value, low, high


def _table(found: Performance) -> Table:
    columns = [
        Column("time", _("From"), Form.TIME),
        Column("predicted", _("Predictions"), Form.NUMBER, precision=0),
        Column("labelled", _("Outcomes known"), Form.NUMBER, precision=0),
        *(
            Column(
                metric, word(number_of(found, metric).label), Form.NUMBER, *(("%", 1) if metric in PERCENT else ("", 3))
            )
            for metric in found.metrics
        ),
    ]
    title = _("By hour") if found.range.step == HOUR else _("By day")
    return Table("points", title, columns, [_row(found, point) for point in found.points], empty=_("Nothing."))


def _row(found: Performance, point: Point) -> Row:
    values = ((metric, found.figure(point.outcomes, metric)) for metric in found.metrics)
    figures = (value if value is None or metric not in PERCENT else 100 * value for metric, value in values)
    return point.time, point.outcomes.predicted, point.outcomes.labelled, *figures


def _said(version: ModelVersion, found: Comparison) -> str:
    said = _(
        "Of %(pairs)s cases that both predicted, %(ours)s alone was right in %(first)s, %(theirs)s alone in %(other)s: "
        "%(verdict)s (McNemar, p = %(p)s)."
    )
    return said % {
        "pairs": value_in_words(found.pairs),
        "ours": version.name,
        "first": value_in_words(found.only_first),
        "theirs": found.other.name,
        "other": value_in_words(found.only_other),
        "verdict": _("a real difference") if found.is_distinct else _("that may be chance"),
        "p": value_in_words(found.p, 3),
    }


def _up(time: datetime) -> datetime:
    return time if time == hour_of(time) else hour_of(time) + HOUR
