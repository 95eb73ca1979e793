"""A version's performance over a range of time: what the page and REST show."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from mlmonitor.ingest import HOUR, hour_of
from mlmonitor.judging import figures
from mlmonitor.models import ModelVersion
from mlmonitor.performance import added, buckets_between, segments_between
from mlmonitor.statistics.comparison import Trend, theil_sen
from mlmonitor.statistics.outcomes import OF_CLASSES, OF_NUMBERS, Outcomes
from mlmonitor.statistics.performance import Interval, shown
from mlmonitor.thresholds import Thresholds

DAY = timedelta(days=1)
FINE = timedelta(days=3)
"""Shorter ranges are shown by the hour."""
FEWEST = 5
"""A trend is seen in at least so many points."""
FEWEST_OUTCOMES = 20
"""A point stands on at least so many known outcomes."""


@dataclass(frozen=True, slots=True)
class Range:
    start: datetime
    end: datetime

    @classmethod
    def before(cls, now: datetime, length: timedelta) -> Self:
        end = hour_of(now) + HOUR
        return cls(end - length, end)

    @property
    def step(self) -> timedelta:
        return HOUR if self.end - self.start <= FINE else DAY


@dataclass(frozen=True, slots=True)
class Point:
    time: datetime
    outcomes: Outcomes
    is_final: bool


@dataclass(frozen=True, slots=True)
class Performance:
    """`total` is of the whole range; `limits` are where medium begins."""

    version: ModelVersion
    range: Range
    total: Outcomes
    baseline: Outcomes
    points: list[Point]
    limits: dict[str, float] = field(default_factory=dict)
    severities: dict[str, str] = field(default_factory=dict)
    segment: str = ""
    by_segment: dict[str, Outcomes] = field(default_factory=dict)

    @property
    def metrics(self) -> list[str]:
        """Those that are defined of what is known."""
        every = OF_CLASSES if self.version.model.classifies else OF_NUMBERS
        return [metric for metric in every if self.figure(self.total, metric) is not None]

    def figure(self, outcomes: Outcomes, metric: str) -> float | None:
        return outcomes.figure(metric, self.version.model.averages, self.version.model.positive_label)

    def interval(self, outcomes: Outcomes, metric: str) -> Interval | None:
        return outcomes.interval(metric, self.version.model.averages, self.version.model.positive_label)

    @property
    def told(self) -> list[Point]:
        """Points of which enough is known to be drawn."""
        return [point for point in self.points if point.outcomes.labelled >= FEWEST_OUTCOMES]

    def trend(self, metric: str) -> Trend | None:
        """A day."""
        if len(self.told) < FEWEST:
            return None
        days = [(point.time - self.range.start) / DAY for point in self.told]
        values = [self.figure(point.outcomes, metric) for point in self.told]
        return theil_sen(days, [float("nan") if value is None else value for value in values])

    def for_api(self) -> dict[str, Any]:
        trends = {metric: self.trend(metric) for metric in self.metrics}
        return {
            "model": self.version.model.key,
            "version": self.version.name,
            "start": self.range.start,
            "end": self.range.end,
            "segment": self.segment,
            "segments": list(self.by_segment),
            "metrics": self.metrics,
            "figures": {metric: shown(self.figure(self.total, metric)) for metric in self.metrics},
            "coverage": self.total.coverage,
            "baseline": {metric: shown(self.figure(self.baseline, metric)) for metric in self.metrics},
            "limits": self.limits,
            "points": [self._point(point) for point in self.points],
            "trends": {
                metric: {**trend._asdict(), "is_distinct": trend.is_distinct}
                for metric, trend in trends.items()
                if trend
            },
        }

    def _point(self, point: Point) -> dict[str, Any]:
        intervals = {metric: self.interval(point.outcomes, metric) for metric in self.metrics}
        return {
            "time": point.time,
            "predicted": point.outcomes.predicted,
            "labelled": point.outcomes.labelled,
            "is_final": point.is_final,
            "figures": {metric: shown(self.figure(point.outcomes, metric)) for metric in self.metrics},
            "low": {metric: interval.low for metric, interval in intervals.items() if interval},
            "high": {metric: interval.high for metric, interval in intervals.items() if interval},
        }


def performance_of(version: ModelVersion, over: Range, segment: str = "") -> Performance:
    """Of one segment, or of all together. Three queries besides the thresholds, however long the range is."""
    segments = segments_between(version, over.start, over.end)
    hours = buckets_between(version, over.start, over.end).order_by("hour")
    said: dict[datetime, list[dict[str, Any]]] = {}
    by_segment: dict[str, list[dict[str, Any]]] = {name: [] for name in segments}
    for hour, name, outcomes in hours.values_list("hour", "segment", "outcomes"):
        if not segment or name == segment:
            place = over.start + (hour - over.start) // over.step * over.step
            said.setdefault(place, []).append(outcomes)
        if name in by_segment:
            by_segment[name].append(outcomes)
    final = over.end - version.model.label_lag
    points = [Point(time, added(ones), time + over.step <= final) for time, ones in said.items()]
    total = sum((point.outcomes for point in points), Outcomes())
    newest = version.baselines.order_by("-pk").first()
    baseline = Outcomes.from_json(newest.outcomes_of(segment)) if newest else Outcomes()
    model = version.model
    judged = figures(
        total, baseline, Thresholds(version).of,
        classifies=model.classifies, averaging=model.averages, positive=model.positive_label,
    )  # fmt: skip
    return Performance(
        version, over, total, baseline, points,
        {figure.metric: figure.limit for figure in judged if figure.limit is not None},
        {figure.metric: figure.severity for figure in judged},
        segment,
        {name: added(ones) for name, ones in by_segment.items()},
    )  # fmt: skip
