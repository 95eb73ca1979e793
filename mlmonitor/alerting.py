"""From checks to alerts: the second breach raises one (the first if it is critical), two clean checks settle it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import raising
from alerts.raising import alerts_about
from mlmonitor.judging import label
from mlmonitor.models import DriftCheck
from mlmonitor.models.check import Verdict
from mlmonitor.rows import OUTPUT, SCORE

AGAIN_WITHIN = timedelta(hours=24)
SEVERITIES = ["critical", "high", "medium", "low"]
NAMES = {OUTPUT: "the prediction", SCORE: "the score"}
NAMED = 3


@dataclass(frozen=True, slots=True)
class State:
    """Of one topic in one check. Without severity it is clean; a topic of which nothing is known has no state."""

    title: str
    severity: str = ""
    message: str = ""
    what: str = ""
    value: str = ""
    limit: str = ""


def tell(check: DriftCheck, segments: Sequence[DriftCheck], at: datetime) -> None:
    """Open, change and settle the alerts of the check's version and of its segments. An archived model raises none.

    What all of a version suffers from is not said of each of its segments again.
    """
    if not check.version.model.is_active:
        return
    of_all = states(check)
    _tell(check, of_all, at)
    for segment in segments:
        found = states(segment)
        _tell(segment, {name: state for name, state in found.items() if not _is_said(state, of_all.get(name))}, at)


def _is_said(state: State, of_all: State | None) -> bool:
    return bool(state.severity and of_all is not None and of_all.severity)


def _tell(check: DriftCheck, now: Mapping[str, State], at: datetime) -> None:
    model = check.version.model
    before_it = check.version.checks.filter(segment=check.segment, end__lt=check.end)
    past = [states(one) for one in before_it.prefetch_related("features")[:10]]
    is_open = set(alerts_about(model).open().values_list("topic", flat=True))
    about = f"{check.version.name}, {check.segment}" if check.segment else check.version.name
    for name, state in now.items():
        topic = f"{about}: {name}"[:200]
        before = next((one[name] for one in past if name in one), None)
        if state.severity:
            if topic in is_open or state.severity == "critical" or (before is not None and before.severity):
                finding = raising.Finding(
                    topic, state.title, state.severity, state.message, state.what, state.value, state.limit
                )
                raising.report(model, finding, at, again_within=AGAIN_WITHIN)
        elif topic in is_open and before is not None and not before.severity:
            raising.settle(model, topic, at, "Two checks in a row found nothing.")


def states(check: DriftCheck) -> dict[str, State]:
    """All topics of which the check knows something."""
    found = {}
    if (drift := _drift(check)) is not None:
        found["drift"] = drift
    if check.concept in {Verdict.OK, Verdict.DRIFT}:
        found["concept"] = _concept(check)
    if check.performance in {Verdict.OK, Verdict.DRIFT}:
        for figure in check.figures:
            found[f"performance {figure['metric']}"] = _performance(check, figure)
    for row in check.features.all():
        if row.verdict != Verdict.ERROR:
            found[f"missing {row.feature}"] = State(
                "Missing values",
                "medium" if row.is_missing_alarming else "",
                f"{check.about}: {named(row.feature)} is missing {row.missing_change:+.0%} more often than before",
                f"Missing {named(row.feature)}",
                f"{row.missing_change:+.1%}",
                "5 points",
            )
            found[f"unseen {row.feature}"] = State(
                "Unseen categories",
                "medium" if row.is_unseen_alarming else "",
                f"{check.about}: {row.unseen_share:.0%} of {named(row.feature)} were never seen before",
                f"Unseen {named(row.feature)}",
                f"{row.unseen_share:.1%}",
                "2 %",
            )
    return found


def named(feature: str) -> str:
    return NAMES.get(feature, feature)


def _drift(check: DriftCheck) -> State | None:
    """One for all features: as bad as the worst where the model as a whole has drifted, else no worse than medium."""
    judged = [row for row in check.features.all() if row.verdict in {Verdict.OK, Verdict.WARNING, Verdict.DRIFT}]
    if not judged:
        return None
    drifted = sorted((row for row in judged if row.verdict == Verdict.DRIFT), key=lambda row: -row.psi)
    if not drifted:
        return State("Data drift")
    severity = min((row.severity for row in drifted), key=SEVERITIES.index)
    worst = drifted[0]
    names = ", ".join(f"{named(row.feature)} (PSI {row.psi:.2f})" for row in drifted[:NAMED])
    more = f" and {len(drifted) - NAMED} more" if len(drifted) > NAMED else ""
    return State(
        "Data drift",
        severity if check.verdict == Verdict.DRIFT else "medium",
        f"{check.about} gets other data than it learned from: {names}{more}",
        f"PSI of {named(worst.feature)}",
        f"{worst.psi:.2f}",
        f"{worst.limit:.2f}",
    )


def _concept(check: DriftCheck) -> State:
    if check.concept == Verdict.OK:
        return State("Concept drift")
    reason = check.concept_reasons[0]["text"]
    severities = [figure["severity"] for figure in check.figures if figure["severity"]]
    severity = min(severities, key=SEVERITIES.index, default="high")
    return State("Concept drift", severity, f"{check.about}: what it learned does not hold any more. {reason}")


def _performance(check: DriftCheck, figure: dict[str, object]) -> State:
    name = label(str(figure["metric"]))
    if not figure["severity"]:
        return State(f"{name} too low")
    value, limit = float(str(figure["value"])), figure["limit"]
    shown = "" if limit is None else f"{float(str(limit)):.3g}"
    return State(
        f"{name} out of limits",
        str(figure["severity"]),
        f"{check.about}: {name} is {value:.3g}, the limit {shown}",
        name,
        f"{value:.3g}",
        shown,
    )
