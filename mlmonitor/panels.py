"""What each tab of the dashboard of models shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.templatetags.static import static
from django.utils import timezone

from alerts.models import Alert
from alerts.models.alert import AlertQuerySet, Severity
from alerts.patterns import patterns
from devices.models import Project
from devices.permissions import AnyUser, Permission
from mlmonitor.alerting import named
from mlmonitor.checks import profiles_between
from mlmonitor.comparing import Comparison, compare
from mlmonitor.history import Performance, Range, performance_of
from mlmonitor.judging import FEWEST_LABELLED, label
from mlmonitor.listing import ALERTS_SHOWN, DAYS, REPORTS, Asked, Chosen
from mlmonitor.models import Alias, DriftCheck, FeatureDrift, FeatureProfile, ModelStatus, ModelVersion, MonitoredModel
from mlmonitor.models.check import Verdict
from mlmonitor.profiling import together
from mlmonitor.statistics.distances import shares
from mlmonitor.statistics.drift import categories
from mlmonitor.statistics.outcomes import Outcomes
from mlmonitor.statistics.profiles import CategoryProfile, NumericProfile, groups_of, merged, spans_of
from mlmonitor.thresholds import Thresholds

DAY = timedelta(days=1)
CHECKS_SHOWN = 60
ALERTS_LISTED = 100
CATEGORIES_SHOWN = 10
SMALLEST = 1e-3
TINY = 1e-300
"""What is smaller is written as 0."""
CHART_SCRIPTS = ("chart.js/chart.umd.min.js",)
DRAWN = ("accuracy", "precision", "recall", "f1", "mae", "rmse")
PERCENT = {"accuracy", "precision", "recall", "f1", "auc", "mape"}
HIGHER_IS_BETTER = {"accuracy", "precision", "recall", "f1", "auc", "r2"}


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    count: int
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A model in the list."""

    model: MonitoredModel
    champion: ModelVersion | None
    check: DriftCheck | None
    headline: str
    alerts: int
    address: str


@dataclass(frozen=True, slots=True)
class Number:
    """A figure, as it is shown."""

    metric: str
    label: str
    value: str
    interval: str
    baseline: str
    limit: str
    trend: str
    tone: str


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment beside the others; `figures` say that there is too little where there is."""

    name: str
    address: str
    figures: list[str]
    labelled: int
    predicted: int
    check: DriftCheck | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A merged bin: shares in percent, and where its two bars are drawn."""

    name: str
    before: float
    now: float
    x: float
    before_height: float
    now_height: float


@dataclass(frozen=True, slots=True)
class Distribution:
    row: FeatureDrift
    name: str
    bars: Sequence[Bar]
    filled: float
    limit_at: float

    @property
    def width(self) -> int:
        return 24 * max(1, len(self.bars))


def overview(user: AnyUser, asked: Asked, chosen: Chosen) -> dict[str, Any]:
    """All models with their state; the tiles count the active ones."""
    kind = ContentType.objects.get_for_model(MonitoredModel)
    alerts = Alert.objects.visible_to(user).open().filter(about_type=kind).order_by()
    open_alerts = dict(alerts.values_list("about_id").annotate(Count("pk")))
    newest = _newest_checks(chosen.models)
    versions = ModelVersion.objects.prefetch_related("deployments").order_by("-created_at", "-pk")
    models = (
        MonitoredModel.objects.filter(pk__in=[model.pk for model in chosen.models])
        .select_related("project")
        .prefetch_related(Prefetch("versions", versions), "device_types")
    )
    cards = []
    for model in models:
        champion = next((version for version in model.versions.all() if version.alias == Alias.CHAMPION), None)
        check = newest.get(champion.pk) if champion else None
        address = asked.address("drift", model=model.key)
        cards.append(Card(model, champion, check, _headline(model, check), open_alerts.get(model.pk, 0), address))
    active = [card for card in cards if card.model.is_active]
    checks = [card.check for card in active if card.check]
    return {
        "cards": [card for card in cards if card.model.status == asked.status],
        "tiles": [
            Tile("Active", len(active)),
            Tile("Data drift", sum(check.verdict == Verdict.DRIFT for check in checks), "bad"),
            Tile("Concept drift", sum(check.concept == Verdict.DRIFT for check in checks), "bad"),
            Tile("Out of limits", sum(check.performance == Verdict.DRIFT for check in checks), "bad"),
            Tile("Open alerts", sum(card.alerts for card in active), "warn"),
        ],
        "statuses": [
            (status.label, asked.address(status=status.value, model=""), status == asked.status)
            for status in ModelStatus
        ],
    }


def performance(user: AnyUser, asked: Asked, chosen: Chosen) -> dict[str, Any]:
    if chosen.version is None:
        return {}
    over = Range.before(timezone.now(), timedelta(days=asked.days))
    found = performance_of(chosen.version, over, asked.segment)
    others = [version for version in chosen.versions if version != chosen.version and version.alias]
    comparisons: list[Comparison] = [compare(chosen.version, other, over) for other in others]
    return {
        "performance": found,
        "numbers": [number_of(found, metric) for metric in found.metrics],
        "comparisons": comparisons,
        "segment_metrics": [label(metric) for metric in _of_segments(found)],
        "segments": _segments_of(found, asked),
        "ranges": [(f"{days} days", asked.address(days=days), days == asked.days) for days in DAYS],
        "thresholds": _thresholds(chosen.version, [metric for metric in found.metrics if metric in found.limits]),
        "chart": _chart(found),
    }


def drift(user: AnyUser, asked: Asked, chosen: Chosen) -> dict[str, Any]:
    if chosen.version is None:
        return {}
    of_it = chosen.version.checks.filter(segment=asked.segment)
    checks = list(of_it.select_related("baseline").order_by("-end", "-pk")[:CHECKS_SHOWN])
    if not checks:
        return {"checks": []}
    check = checks[0]
    segments = chosen.version.checks.filter(start=check.start, end=check.end).exclude(segment="")
    return {
        "checks": checks[::-1],
        "check": check,
        "segments": [
            SegmentRow(one.segment, asked.address(segment=one.segment), [], one.labelled, one.predicted, one)
            for one in segments.order_by("-predicted", "segment")
        ],
        "distributions": distributions(check),
        "thresholds": _thresholds(chosen.version, ["psi"]),
    }


def alerts(user: AnyUser, asked: Asked, chosen: Chosen) -> dict[str, Any]:
    kind = ContentType.objects.get_for_model(MonitoredModel)
    every: AlertQuerySet = Alert.objects.visible_to(user).filter(about_type=kind)
    if asked.model:
        every = every.filter(about_id__in=[model.pk for model in chosen.models if model.key == asked.model])
    found = every.filter(severity=asked.severity) if asked.severity else every
    if asked.shown != "all":
        found = found.filter(resolved_at__isnull=asked.shown == "open")
    found = found.select_related("project", "acknowledged_by").prefetch_related("about")
    now = timezone.now()
    zone = ZoneInfo(timezone.get_current_timezone_name())
    pattern = patterns(every, now - 30 * DAY, now, zone)
    highest = max((count for _, count in pattern.per_day), default=0) or 1
    return {
        "alerts": list(found.order_by("-event_time", "-pk")[:ALERTS_LISTED]),
        "severities": [
            ("All", asked.address(severity=""), not asked.severity),
            *((name, asked.address(severity=value), asked.severity == value) for value, name in Severity.choices),
        ],
        "states": [(name, asked.address(shown=value), asked.shown == value) for value, name in ALERTS_SHOWN.items()],
        "pattern": pattern,
        "days": [
            (day, count, round(4 + 8 * number, 1), round(40 - 36 * count / highest, 1), round(36 * count / highest, 1))
            for number, (day, count) in enumerate(pattern.per_day)
        ],
        "kinds": pattern.rules[:5],
    }


def reports(user: AnyUser, asked: Asked, chosen: Chosen) -> dict[str, Any]:
    """What can be had as files, for those who may ask for them."""
    may_run = Project.objects.where_user_may(user, Permission.RUN_REPORTS).exists()
    return {"may_run": may_run, "templates": REPORTS}


def distributions(check: DriftCheck) -> list[Distribution]:
    """The check's features, what has drifted most first, each with baseline and production beside each other."""
    order = {Verdict.DRIFT: 0, Verdict.WARNING: 1, Verdict.OK: 2, Verdict.INSUFFICIENT: 3, Verdict.ERROR: 4}
    rows = sorted(check.features.all(), key=lambda row: (order[Verdict(row.verdict)], -row.psi, row.feature))
    stored: dict[str, FeatureProfile] = {}
    now: dict[str, list[dict[str, Any]]] = {}
    if check.baseline is not None:
        stored = check.baseline.profiles_of(check.segment)
        now = profiles_between(check.baseline, check.start, check.end, check.segment)
    most = max((max(row.psi, row.limit) for row in rows), default=0.0) or 1.0
    return [
        Distribution(
            row,
            named(row.feature),
            _bars(stored[row.feature], now.get(row.feature, [])) if row.feature in stored else [],
            round(100 * row.psi / most, 1),
            round(100 * row.limit / most, 1),
        )
        for row in rows
    ]


def _bars(stored: FeatureProfile, said: list[dict[str, Any]]) -> list[Bar]:
    before, now = together([stored.profile], stored), together(said, stored)
    if isinstance(before, NumericProfile) and isinstance(now, NumericProfile):
        groups = groups_of(before.counts)
        counts = merged(before.counts, groups), merged(now.counts, groups)
        names = [_span(*span) for span in spans_of(stored.bins["edges"], groups)]
    elif isinstance(before, CategoryProfile) and isinstance(now, CategoryProfile):
        names, *both = categories(before, now)
        counts = (both[0], both[1])
    else:
        return []
    r, c = shares(counts[0], 0), shares(counts[1], 0)
    shown = [place for place in range(len(names)) if counts[0][place] + counts[1][place] > 0][:CATEGORIES_SHOWN]
    most = max([*r[shown], *c[shown]], default=0.0) or 1.0
    return [
        Bar(names[place], 100 * r[place], 100 * c[place], 24.0 * number, 56 * r[place] / most, 56 * c[place] / most)
        for number, place in enumerate(shown)
    ]


def _span(low: float | None, high: float | None) -> str:
    """Zero, where it is frequent, ends at the next number that there is: that is zero to people, too."""
    lowest, highest = (None if edge is None else f"{0 if abs(edge) < TINY else edge:.4g}" for edge in (low, high))
    if lowest is None:
        return f"below {highest}"
    if highest is None:
        return f"{lowest} and above"
    return lowest if lowest == highest else f"{lowest} to {highest}"


def _newest_checks(models: list[MonitoredModel]) -> dict[int, DriftCheck]:
    """Of each champion, by its primary key; two queries however many they are."""
    newest = DriftCheck.objects.whole().filter(version=OuterRef("pk")).order_by("-end", "-pk").values("pk")[:1]
    champions = ModelVersion.objects.filter(model__in=models, alias=Alias.CHAMPION).annotate(newest=Subquery(newest))
    pks = dict(champions.values_list("pk", "newest"))
    checks = DriftCheck.objects.in_bulk([pk for pk in pks.values() if pk is not None])
    return {version: checks[pk] for version, pk in pks.items() if pk is not None}


def _headline(model: MonitoredModel, check: DriftCheck | None) -> str:
    figure = next((figure for figure in (check.figures if check else []) if figure["value"] is not None), None)
    return f"{label(figure['metric'])} {written(figure['metric'], figure['value'], model.unit)}" if figure else ""


def number_of(found: Performance, metric: str) -> Number:
    unit = found.version.model.unit
    value, before = found.figure(found.total, metric), found.figure(found.baseline, metric)
    interval, trend = found.interval(found.total, metric), found.trend(metric)
    limit = found.limits.get(metric)
    moving = ""
    if trend is not None:
        moving = "no trend" if not trend.is_distinct else "rising" if trend.slope > 0 else "falling"
    tones = {"critical": "bad", "high": "bad", "medium": "warn"}
    return Number(
        metric,
        label(metric),
        written(metric, value, unit),
        f"{written(metric, interval.low, '')} to {written(metric, interval.high, unit)}" if interval else "",
        written(metric, before, unit) if before is not None else "",
        written(metric, limit, unit) if limit is not None else "",
        moving,
        tones.get(found.severities.get(metric, ""), ""),
    )


def written(metric: str, value: float | None, unit: str) -> str:
    """A figure of a model as people read it: shares in percent, errors in the unit of what is predicted."""
    if value is None:
        return "not defined"
    if metric in PERCENT:
        return f"{100 * value:.1f} %"
    written = f"{value:.3g}" if abs(value) >= SMALLEST else "0"
    return f"{written} {unit if metric in {'mae', 'rmse', 'bias'} else ''}".strip()


def _of_segments(found: Performance) -> list[str]:
    return [metric for metric in found.metrics if metric in DRAWN]


def _segments_of(found: Performance, asked: Asked) -> list[SegmentRow]:
    rows = []
    for name, outcomes in found.by_segment.items():
        figures = [
            _with_interval(found, metric, outcomes) if outcomes.labelled >= FEWEST_LABELLED else "not enough data"
            for metric in _of_segments(found)
        ]
        rows.append(SegmentRow(name, asked.address(segment=name), figures, outcomes.labelled, outcomes.predicted))
    return rows


def _with_interval(found: Performance, metric: str, outcomes: Outcomes) -> str:
    unit, interval = found.version.model.unit, found.interval(outcomes, metric)
    value = written(metric, found.figure(outcomes, metric), unit)
    if interval is None:
        return value
    return f"{value} ({written(metric, interval.low, '')} to {written(metric, interval.high, '')})"


def _thresholds(version: ModelVersion, metrics: list[str]) -> list[dict[str, Any]]:
    """What can be set, as it is now."""
    thresholds = Thresholds(version)
    found = []
    for metric in metrics:
        limit = thresholds.of(metric)
        found.append({"metric": metric, "label": label(metric), "limits": limit.limits, "floor": limit.floor,
                      "scope": limit.scope})  # fmt: skip
    return found


def _chart(found: Performance) -> dict[str, Any]:
    """What the script draws: one chart for each of the metrics that have limits or intervals."""
    charts = []
    for metric in (metric for metric in found.metrics if metric in DRAWN):
        scale = 100 if metric in PERCENT else 1
        points = []
        for point in found.told:
            value, interval = found.figure(point.outcomes, metric), found.interval(point.outcomes, metric)
            if value is not None:
                low, high = interval or (None, None)
                points.append(
                    [
                        _milliseconds(point.time + found.range.step / 2),
                        scale * value,
                        None if low is None else scale * low,
                        None if high is None else scale * high,
                        round(100 * point.outcomes.coverage),
                        point.is_final,
                    ]
                )
        before, limit = found.figure(found.baseline, metric), found.limits.get(metric)
        charts.append(
            {
                "metric": metric,
                "label": label(metric),
                "unit": "%" if metric in PERCENT else found.version.model.unit,
                "points": points,
                "baseline": None if before is None else scale * before,
                "limit": None if limit is None else scale * limit,
            }
        )
    return {
        "scripts": [static(f"vendor/{file}") for file in CHART_SCRIPTS],
        "start": _milliseconds(found.range.start),
        "end": _milliseconds(found.range.end),
        "charts": charts,
    }


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
