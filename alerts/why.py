"""Why a rule raised an alert for a device, or why it did not: its last evaluations, played over what was received."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf

from django.db.models import QuerySet

from alerts.conditions import Finding
from alerts.evaluator import BLANK, CompiledRule, Latch, Position, Severity, Status, Trace
from alerts.models import Alert, AlertRule, Notification, RuleState, Silence
from alerts.notify.silences import silences_over
from alerts.replay import can_be_replayed, past_observations, replay, warm_up
from alerts.rulebook import fits
from alerts.states import load
from alerts.words import MetricName, figure_in_words, names_of
from devices.models import Device, Lifecycle
from devices.presence import offline_after

EVALUATIONS = 50
MOST_TOLD = 100
LOOK_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One moment at which the rule was asked."""

    at: datetime
    status: Status
    severity: Severity | None
    levels: tuple["LevelFinding", ...]


@dataclass(frozen=True, slots=True)
class LevelFinding:
    """What one level came to: true, false or unknown (None), by which figures (what, value, limit)."""

    severity: Severity
    truth: bool | None
    figures: tuple[tuple[str, str, str], ...]
    position: Position
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Why:
    """`obstacles`: sentences that say why it cannot fire at all; the rest says what it thinks, newest first."""

    obstacles: tuple[str, ...]
    status: Status
    levels: tuple[LevelFinding, ...]
    open_alert: Alert | None
    # Who keeps people from being told of it, and who was told of the open alert.
    silences: tuple[Silence, ...]
    told: tuple[Notification, ...]
    evaluations: tuple[Evaluation, ...]


def why(rule: AlertRule, device: Device, now: datetime) -> Why:
    """What the rule thinks of the device now, and its last EVALUATIONS evaluations within LOOK_BACK."""
    compiled = rule.compiled(str(device.project.time_zone))
    row = RuleState.objects.filter(rule=rule, device=device).first()
    state = load(row.data) if row else BLANK
    evaluations = tuple(_last_evaluations(compiled, device, now))
    alert = Alert.objects.open().filter(rule=rule, device=device).first()
    return Why(
        tuple(_obstacles(rule, compiled, device)),
        state.status,
        evaluations[0].levels if evaluations else (),
        alert,
        tuple(silences_over(alert or Alert(rule=rule, device=device, project=device.project), now)),
        tuple(_told(alert)),
        evaluations,
    )


def _told(alert: Alert | None) -> QuerySet[Notification]:
    if alert is None:
        return Notification.objects.none()
    told = Notification.objects.filter(alert=alert).select_related("event", "user", "webhook")
    return told.order_by("created_at", "pk")[:MOST_TOLD]


def _obstacles(rule: AlertRule, compiled: CompiledRule, device: Device) -> list[str]:
    found = []
    if not rule.is_enabled:
        found.append("The rule is not enabled.")
    if not fits(rule, device):
        found.append("The rule is not about this device.")
    if device.lifecycle != Lifecycle.ACTIVE:
        found.append(f"The device is {device.lifecycle}.")
    sent = set(device.metrics.values_list("key", flat=True))
    found += [f"The device has never sent {key}." for key in sorted(compiled.keys - sent) if key and key[0] != "$"]
    return found


def _last_evaluations(rule: CompiledRule, device: Device, now: datetime) -> list[Evaluation]:
    if not can_be_replayed(rule):
        return []
    start = now - LOOK_BACK
    fresh_for = offline_after(device.expected_interval).total_seconds()
    past = past_observations(device, rule, start - warm_up(rule), now)
    traces: deque[Trace] = deque(maxlen=EVALUATIONS)
    for outcome in replay(rule, past, now.timestamp(), fresh_for=fresh_for):
        if outcome.trace is not None and outcome.trace.time >= start.timestamp():
            traces.append(outcome.trace)
    names = names_of(device.pk)
    return [_evaluation(names, trace) for trace in reversed(traces)]


def _evaluation(names: Mapping[str, MetricName], trace: Trace) -> Evaluation:
    levels = tuple(_level(names, *found) for found in trace.findings)
    return Evaluation(datetime.fromtimestamp(trace.time, UTC), trace.status, trace.severity, levels)


def _level(names: Mapping[str, MetricName], severity: Severity, finding: Finding, latch: Latch) -> LevelFinding:
    figures = tuple(figure_in_words(names, figure) for figure in finding.figures)
    since = datetime.fromtimestamp(latch.since, UTC) if latch.position != Position.OFF and latch.since != inf else None
    return LevelFinding(severity, finding.truth, figures, latch.position, since)
