"""Look whether a version is still right: its inputs, its output, how good it was. Every window is checked once.

One feature's failure is a row that says so; the others go on.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from mlmonitor import alerting
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
from mlmonitor.performance import outcomes_between, paired_rows, remake_all
from mlmonitor.profiling import Profile, reference_of, together
from mlmonitor.rows import OUTPUT, SCORE
from mlmonitor.statistics import drift
from mlmonitor.statistics.distances import wasserstein_of_bins
from mlmonitor.statistics.drift import Finding, Reference, Verdict
from mlmonitor.statistics.outcomes import Outcomes
from mlmonitor.statistics.profiles import NumericProfile
from mlmonitor.statistics.stream import ErrorStream
from mlmonitor.thresholds import Thresholds

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=6)
GRACE = timedelta(minutes=5)
MOST_ERRORS = 100_000
ERRORS_CONFIDENCE = 1e-5
"""Of the stream of errors: they come in bunches, as the hours of a day differ, which the test does not know of."""


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


def check(version: ModelVersion, start: datetime, end: datetime, at: datetime) -> DriftCheck:
    """Check [start, end), store what was found, and raise or settle alerts. `at`: when it is done.

    Performance is that of a window earlier by the label lag, so that most outcomes are known.
    """
    remake_all(version=version, hour__lt=end)
    baseline = version.baselines.prefetch_related("profiles").order_by("-pk").first()
    thresholds = Thresholds(version)
    rows = _features(version, baseline, start, end, thresholds) if baseline else []
    moved: tuple[str, float] = (Verdict.INSUFFICIENT, 0.0)
    if rows:
        inputs = [row for row in rows if row.feature not in {OUTPUT, SCORE}] or rows
        moved = drift.of_all([Verdict(row.verdict) for row in inputs], [row.importance for row in inputs])
    lag = version.model.label_lag
    known = outcomes_between(version, start - lag, end - lag)
    before = Outcomes.from_json(baseline.outcomes) if baseline else Outcomes()
    found = figures(
        known,
        before,
        thresholds.of,
        classifies=version.model.classifies,
        averaging=version.model.averages,
        positive=version.model.positive_label,
    )
    enough = known.labelled >= FEWEST_LABELLED
    with transaction.atomic():
        old = DriftCheck.objects.filter(version=version, start=start, end=end).first()
        reasons = concept_reasons(known, before, found) if enough else []
        reasons += [reason for reason in (old.concept_reasons if old else []) if reason["kind"] == "stream"]
        if (risen := _errors_have_risen(version, end - lag)) is not None:
            reasons.append({"kind": "stream", "text": f"Errors have become more frequent since {risen:%Y-%m-%d %H:%M}"})
        is_worse = any(figure.severity for figure in found)
        checked, _ = DriftCheck.objects.update_or_create(
            version=version,
            start=start,
            end=end,
            defaults={
                "baseline": baseline,
                "checked_at": at,
                "verdict": moved[0],
                "moved": moved[1],
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
        alerting.tell(checked, at)
    return checked


def profiles_between(baseline: Baseline, start: datetime, end: datetime) -> dict[str, list[dict[str, Any]]]:
    """The buckets' profiles by feature."""
    buckets = ProfileBucket.objects.filter(baseline=baseline, hour__gte=start, hour__lt=end)
    found: dict[str, list[dict[str, Any]]] = {}
    for feature, said in buckets.values_list("feature", "profile"):
        found.setdefault(feature, []).append(said)
    return found


def _verdict(is_bad: bool, is_known: bool) -> Verdict:
    if not is_known:
        return Verdict.INSUFFICIENT
    return Verdict.DRIFT if is_bad else Verdict.OK


def _features(
    version: ModelVersion, baseline: Baseline, start: datetime, end: datetime, thresholds: Thresholds
) -> list[FeatureDrift]:
    stored = {profile.feature: profile for profile in baseline.profiles.all()}
    watched = {feature.key: feature.importance for feature in version.features.filter(is_monitored=True)}
    watched |= {name: 0.0 for name in (OUTPUT, SCORE) if name in stored}
    now = profiles_between(baseline, start, end)
    past = profiles_between(baseline, start - (end - start), start)
    found: list[tuple[str, Finding, Finding | None, float | None]] = []
    for name in watched:
        try:
            found.append((name, *_one(stored, name, now.get(name, []), past.get(name, []), thresholds)))
        except Exception as error:
            log.exception("a feature could not be checked", version=version.pk, feature=name)
            found.append((name, Finding(Verdict.ERROR, reason=f"{type(error).__name__}: {error}"[:300]), None, None))
    standing = drift.together([finding for _, finding, _, _ in found])
    return [
        _row(name, finding, before, distance, watched[name])
        for (name, _, before, distance), finding in zip(found, standing, strict=True)
    ]


def _one(
    stored: dict[str, FeatureProfile],
    name: str,
    now: Iterable[dict[str, Any]],
    past: Iterable[dict[str, Any]],
    thresholds: Thresholds,
) -> tuple[Finding, Finding | None, float | None]:
    if name not in stored:
        return Finding(Verdict.ERROR, reason="The baseline has no value of it."), None, None
    reference, limits = reference_of(stored[name]), thresholds.of("psi", name).limits
    current, previous = together(now, stored[name]), together(past, stored[name])
    before = drift.judge(Reference(previous, reference.spreads, reference.ks_spreads), current, limits)
    return (
        drift.judge(reference, current, limits),
        before if before.verdict != Verdict.INSUFFICIENT else None,
        _distance(stored[name], reference.profile, current),
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


def _errors_have_risen(version: ModelVersion, until: datetime) -> datetime | None:
    """Go on with the stream of errors, in the order of prediction; when they had become more frequent, if they have."""
    if not version.model.classifies or (version.errors_until is not None and until <= version.errors_until):
        return None
    predictions = Prediction.objects.filter(version=version, time__lt=until)
    if version.errors_until is not None:
        predictions = predictions.filter(time__gte=version.errors_until)
    pairs = paired_rows(predictions, version.model)[-MOST_ERRORS:]
    known = [(time, row) for time, _, row in pairs if row.actual is not None]
    errors = [float(row.predicted != row.actual) for _, row in known]
    state, risen = ErrorStream(**version.errors_seen).then(errors, ERRORS_CONFIDENCE)
    version.errors_seen, version.errors_until = state.as_json(), until
    version.save(update_fields=["errors_seen", "errors_until"])
    return known[risen][0] if risen is not None else None
