"""Look whether a version is still right: its inputs, its output, how good it was. Every window is checked once.

One feature's failure is a row that says so; the others go on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

import structlog
from django.db import transaction

from mlmonitor import alerting, concept
from mlmonitor.ingest import HOUR, hour_of
from mlmonitor.judging import FEWEST_LABELLED, concept_reasons, figures
from mlmonitor.models import (
    Baseline,
    DriftCheck,
    FeatureDrift,
    FeatureProfile,
    ModelVersion,
    MonitoredModel,
    Prediction,
    ProfileBucket,
)
from mlmonitor.performance import outcomes_between, paired_rows, remake_all, segments_between
from mlmonitor.profiling import Profile, reference_of, together
from mlmonitor.rows import OUTPUT, SCORE
from mlmonitor.statistics import drift
from mlmonitor.statistics.distances import wasserstein_of_bins
from mlmonitor.statistics.drift import Finding, Limits, Reference, Verdict
from mlmonitor.statistics.outcomes import Outcomes
from mlmonitor.statistics.profiles import NumericProfile
from mlmonitor.statistics.stream import ErrorStream
from mlmonitor.thresholds import Thresholds

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=6)
GRACE = timedelta(minutes=5)
MOST_ERRORS = 100_000
ERRORS_CONFIDENCE = 1e-5
"""Of the stream of errors, which is asked at every one of them."""


def check_due(now: datetime) -> int:
    """Check the deployed versions of all active models whose next window is over; how many."""
    versions = ModelVersion.objects.filter(model__in=MonitoredModel.objects.active()).exclude(alias="")
    done = 0
    for version in versions.select_related("model__project"):
        end = last_end(now - GRACE)
        start = end - version.model.window
        if not version.checks.filter(start=start, end=end).exists():
            try:
                check(version, start, end, now)
                done += 1
            except Exception:
                log.exception("a check failed", version=version.pk)
    return done


def check_now(version: ModelVersion, now: datetime) -> DriftCheck:
    """Of the window that ends with the hour at hand."""
    end = hour_of(now) + HOUR
    return check(version, end - version.model.window, end, now)


def last_end(at: datetime) -> datetime:
    """Windows end four times a day: at 0, 6, 12 and 18 o'clock UTC."""
    hour = hour_of(at)
    return hour - timedelta(hours=hour.hour % (EVERY // HOUR))


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at: a window of a version, or of one of its segments, among so many of them."""

    version: ModelVersion
    baseline: Baseline | None
    thresholds: Thresholds
    start: datetime
    end: datetime
    segment: str = ""
    among: int = 1

    @property
    def rate(self) -> float:
        """How many findings may be due to chance, so that all segments together have no more than the whole."""
        return drift.FALSE_FINDINGS / self.among

    def earlier(self, by: timedelta) -> Self:
        return replace(self, start=self.start - by, end=self.end - by)


def check(version: ModelVersion, start: datetime, end: datetime, at: datetime) -> DriftCheck:
    """Check [start, end) and each of its larger segments, store what was found, and raise or settle alerts.

    `at`: when it is done. Performance is that of a window earlier by the label lag, so that most outcomes are known.
    """
    remake_all(version=version, hour__lt=end)
    baseline = version.baselines.order_by("-pk").first()
    whole = View(version, baseline, Thresholds(version), start, end)
    segments = segments_between(version, start - version.model.label_lag, end)
    with transaction.atomic():
        checked = _check(whole, at)
        of_segments = [_check(replace(whole, segment=segment, among=len(segments)), at) for segment in segments]
        alerting.tell(checked, of_segments, at)
    return checked


def _check(view: View, at: datetime) -> DriftCheck:
    version, baseline = view.version, view.baseline
    rows = _features(view)
    verdict, moved = _of_inputs(rows)
    then = view.earlier(version.model.label_lag)
    known = outcomes_between(version, then.start, then.end, view.segment)
    before = Outcomes.from_json(baseline.outcomes_of(view.segment)) if baseline else Outcomes()
    found = figures(
        known,
        before,
        view.thresholds.of,
        classifies=version.model.classifies,
        averaging=version.model.averages,
        positive=version.model.positive_label,
        chance=view.rate,
    )
    enough = known.labelled >= FEWEST_LABELLED
    reasons = concept_reasons(known, before, found) if enough else []
    if enough and baseline and _of_inputs(rows if then == view else _features(then))[0] == Verdict.OK:
        limits = view.thresholds.of("psi").limits
        reasons += concept.shifts(version, baseline, then.start, then.end, view.segment, limits)
    if not view.segment:
        reasons += _stream_reasons(view, then.end)
    is_worse = any(figure.severity for figure in found)
    checked, _ = DriftCheck.objects.update_or_create(
        version=version,
        segment=view.segment,
        start=view.start,
        end=view.end,
        defaults={
            "baseline": baseline,
            "checked_at": at,
            "verdict": verdict,
            "moved": moved,
            "concept": _verdict(bool(reasons), enough or bool(reasons)),
            "concept_reasons": reasons,
            "performance": _verdict(is_worse, enough),
            "figures": [figure.as_json() for figure in found],
            "predicted": known.predicted,
            "labelled": known.labelled,
            "problem": "" if baseline else "There is no baseline to compare with: make one.",
        },
    )
    checked.features.all().delete()
    for row in rows:
        row.check_of = checked
    FeatureDrift.objects.bulk_create(rows)
    return checked


def profiles_between(
    baseline: Baseline, start: datetime, end: datetime, segment: str = ""
) -> dict[str, list[dict[str, Any]]]:
    """The buckets' profiles by feature; without a segment those of all."""
    buckets = ProfileBucket.objects.filter(baseline=baseline, hour__gte=start, hour__lt=end)
    if segment:
        buckets = buckets.filter(segment=segment)
    found: dict[str, list[dict[str, Any]]] = {}
    for feature, said in buckets.values_list("feature", "profile"):
        found.setdefault(feature, []).append(said)
    return found


def _verdict(is_bad: bool, is_known: bool) -> Verdict:
    if not is_known:
        return Verdict.INSUFFICIENT
    return Verdict.DRIFT if is_bad else Verdict.OK


def _of_inputs(rows: Sequence[FeatureDrift]) -> tuple[Verdict, float]:
    inputs = [row for row in rows if row.feature not in {OUTPUT, SCORE}] or rows
    return drift.of_all([Verdict(row.verdict) for row in inputs], [row.importance for row in inputs])


def _features(view: View) -> list[FeatureDrift]:
    if view.baseline is None:
        return []
    stored = view.baseline.profiles_of(view.segment)
    watched = {feature.key: feature.importance for feature in view.version.features.filter(is_monitored=True)}
    watched |= {name: 0.0 for name in (OUTPUT, SCORE) if name in stored}
    now = profiles_between(view.baseline, view.start, view.end, view.segment)
    before = view.earlier(view.end - view.start)
    past = profiles_between(view.baseline, before.start, before.end, view.segment)
    unknown = Finding(Verdict.ERROR, reason="The baseline has no value of it.")
    if view.segment and not stored:
        unknown = Finding(Verdict.INSUFFICIENT, reason="The baseline has too few rows of this segment.")
    found: list[tuple[str, Finding, Finding | None, float | None]] = []
    for name in watched:
        try:
            if name in stored:
                limits = view.thresholds.of("psi", name).limits
                found.append((name, *_one(stored[name], now.get(name, []), past.get(name, []), limits)))
            else:
                found.append((name, unknown, None, None))
        except Exception as error:
            log.exception("a feature could not be checked", version=view.version.pk, feature=name)
            found.append((name, Finding(Verdict.ERROR, reason=f"{type(error).__name__}: {error}"[:300]), None, None))
    standing = drift.together([finding for _, finding, _, _ in found], view.rate)
    return [
        _row(name, finding, before, distance, watched[name])
        for (name, _, before, distance), finding in zip(found, standing, strict=True)
    ]


def _one(
    stored: FeatureProfile, now: Iterable[dict[str, Any]], past: Iterable[dict[str, Any]], limits: Limits
) -> tuple[Finding, Finding | None, float | None]:
    reference = reference_of(stored)
    current, previous = together(now, stored), together(past, stored)
    before = drift.judge(Reference(previous, reference.spreads, reference.ks_spreads), current, limits)
    return (
        drift.judge(reference, current, limits),
        before if before.verdict != Verdict.INSUFFICIENT else None,
        _distance(stored, reference.profile, current),
    )


def _distance(stored: FeatureProfile, reference: Profile, current: Profile) -> float | None:
    if not isinstance(reference, NumericProfile) or not isinstance(current, NumericProfile) or not current.n:
        return None
    return wasserstein_of_bins(reference.counts, current.counts, stored.bins["edges"], reference.deviation)


def _row(
    name: str, finding: Finding, before: Finding | None, distance: float | None, importance: float
) -> FeatureDrift:
    return FeatureDrift(
        feature=name,
        verdict=finding.verdict,
        severity=finding.severity,
        n=finding.n,
        psi=finding.psi,
        js=finding.js,
        ks=finding.ks,
        wasserstein=distance,
        l_infinity=finding.l_infinity,
        limit=finding.limit,
        rule=finding.rule,
        p=finding.p,
        missing_change=finding.missing_change,
        is_missing_alarming=finding.is_missing_alarming,
        unseen_share=finding.unseen_share,
        is_unseen_alarming=finding.is_unseen_alarming,
        importance=importance,
        before_psi=before.psi if before else None,
        before_verdict=before.verdict if before else "",
        reason=finding.reason,
    )


def _stream_reasons(view: View, until: datetime) -> list[dict[str, str]]:
    """What the stream of errors says, and said when this window was checked before: it has moved on since."""
    old = view.version.checks.whole().filter(start=view.start, end=view.end).first()
    reasons = [reason for reason in (old.concept_reasons if old else []) if reason["kind"] == "stream"]
    if (risen := _errors_have_risen(view.version, until, view.baseline)) is not None:
        reasons.append({"kind": "stream", "text": f"Errors have become more frequent since {risen:%Y-%m-%d %H:%M}"})
    return reasons


def _errors_have_risen(version: ModelVersion, until: datetime, baseline: Baseline | None) -> datetime | None:
    """Go on with the stream of errors, in the order of prediction; when they had become more frequent, if they have."""
    if not version.model.classifies or (version.errors_until is not None and until <= version.errors_until):
        return None
    predictions = Prediction.objects.filter(version=version, time__lt=until)
    if version.errors_until is not None:
        predictions = predictions.filter(time__gte=version.errors_until)
    pairs = paired_rows(predictions, version.model)[-MOST_ERRORS:]
    known = [pair for pair in pairs if pair.row.actual is not None]
    errors = [float(pair.row.predicted != pair.row.actual) for pair in known]
    dependence = baseline.dependence if baseline else 1.0
    state, risen = ErrorStream(**version.errors_seen).then(errors, ERRORS_CONFIDENCE, dependence)
    version.errors_seen, version.errors_until = state.as_json(), until
    version.save(update_fields=["errors_seen", "errors_until"])
    return known[risen].time if risen is not None else None
