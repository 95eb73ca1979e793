"""What becomes of alerts: by the rules (`apply`) and by people (the other verbs). All of it is in their timelines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from alerts import root_cause
from alerts.evaluator import SEVERITIES, CompiledRule, Kind, Transition
from alerts.live import push_alerts
from alerts.messages import fill
from alerts.models import Alert, AlertEvent, AlertRule, EventKind, RuleState
from alerts.models.alert import AlertQuerySet, AlertStatus
from alerts.notify import outbox
from alerts.notify.silences import look_again
from alerts.rulebook import Subject
from alerts.words import figure_in_words, names_of
from devices.permissions import AnyUser

STATUS_AFTER = {
    Kind.OPENED: AlertStatus.FIRING,
    Kind.ESCALATED: AlertStatus.FIRING,
    Kind.DEESCALATED: AlertStatus.FIRING,
    Kind.RELAPSED: AlertStatus.FIRING,
    Kind.RECOVERING: AlertStatus.RECOVERING,
    Kind.LOST_SIGHT: AlertStatus.NO_DATA,
    Kind.RESOLVED: AlertStatus.RESOLVED,
}
RAISING = {Kind.OPENED, Kind.ESCALATED, Kind.DEESCALATED}
CHANGED_BY_RULES = ["status", "severity", "worst_severity", "message", "what", "value", "limit", "resolved_at"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a rule has to say about a device, and the row it remembers it in, locked."""

    rule: CompiledRule
    subject: Subject
    state: RuleState
    transitions: tuple[Transition, ...]


def apply(changes: Sequence[Change], at: datetime) -> None:
    """Open, change and resolve alerts as the rules say. `at`: when the portal learned of it.

    What is withheld is noted in the changes' states, which the caller writes.
    """
    rules = AlertRule.objects.in_bulk({change.rule.pk for change in changes})
    devices = {change.subject.pk for change in changes}
    is_open = Alert.objects.open().filter(rule__in=rules, device__in=devices)
    alerts = {(alert.rule_id, alert.device_id): alert for alert in is_open.order_by("pk").select_for_update()}
    # What others may be held under comes first.
    behind, alone = _parted(changes)
    touched: set[int] = set()
    for change in alone:
        touched |= _apply(change, rules[change.rule.pk], alerts, root_cause.TELL, at)
    standings = root_cause.standings([change.subject.pk for change in behind], at)
    for change in behind:
        touched |= _apply(change, rules[change.rule.pk], alerts, standings[change.subject.pk], at)
    for held_by in {standing.held_by for standing in standings.values() if standing.held_by is not None}:
        text = "Devices behind it are away, too: this alert stands for them."
        AlertEvent.objects.get_or_create(alert=held_by, kind=EventKind.HELD, defaults={"at": at, "text": text})
        touched.add(held_by.pk)
    push_alerts(touched)


def acknowledge(alert: Alert, by: "AnyUser") -> bool:
    """Somebody has seen it; False if somebody had already, or it is over."""
    now = timezone.now()
    noted: dict[str, Any] = {"acknowledged_at": now, "acknowledged_by_id": by.pk}
    return _change(alert, EventKind.ACKNOWLEDGED, by, now, {"acknowledged_at": None}, **noted)


def assign(alert: Alert, to: "AnyUser | None", by: "AnyUser") -> bool:
    """It is theirs to look after; None: nobody's."""
    text = f"to {to.get_username()}" if to else "to nobody"
    return _change(alert, EventKind.ASSIGNED, by, timezone.now(), {}, text, assigned_to_id=to.pk if to else None)


def snooze(alert: Alert, until: datetime | None, by: "AnyUser") -> bool:
    """No notifications of it until then; None: it is over, and what was put off is told."""
    text = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "no longer"
    with transaction.atomic():
        snoozed = _change(alert, EventKind.SNOOZED, by, timezone.now(), {}, text, snoozed_until=until)
        look_again(alert.project_id)
    return snoozed


def comment(alert: Alert, text: str, by: "AnyUser") -> AlertEvent:
    with transaction.atomic():
        push_alerts([alert.pk])
        return AlertEvent.objects.create(
            alert=alert, at=timezone.now(), kind=EventKind.COMMENTED, by_id=by.pk, text=text[:1000]
        )


def resolve(alert: Alert, by: "AnyUser | None", text: str = "") -> bool:
    """End it by hand, and let the rule begin anew: what is still wrong becomes another alert."""
    now = timezone.now()
    with transaction.atomic():
        RuleState.objects.filter(rule=alert.rule_id, device=alert.device_id).delete()
        _let_go(alert, now)
        return _change(
            alert,
            EventKind.RESOLVED,
            by,
            now,
            {},
            text,
            status=AlertStatus.RESOLVED,
            resolved_at=now,
            resolved_by_id=by.pk if by else None,
        )


def end(alerts: AlertQuerySet, text: str) -> int:
    """Resolve those that are open because what they are about is gone; how many there were."""
    ended = 0
    for alert in alerts.open():
        ended += resolve(alert, None, text)
    return ended


def _parted(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Those about the absence of a device that is behind another, and the others."""
    parted: tuple[list[Change], list[Change]] = ([], [])
    for change in changes:
        is_behind = change.subject.parent_id is not None and root_cause.is_about_absence(change.rule)
        parted[0 if is_behind else 1].append(change)
    return parted


def _apply(
    change: Change,
    rule: AlertRule,
    alerts: dict[tuple[int | None, int | None], Alert],
    standing: root_cause.Standing,
    at: datetime,
) -> set[int]:
    """The primary keys of the alerts that have changed."""
    touched = set()
    key = change.rule.pk, change.subject.pk
    for transition in change.transitions:
        alert = alerts.pop(key, None)
        if alert is None:
            alert = _begin(rule, change, transition, standing, at)
        else:
            _move(alert, rule, change.subject, transition)
        if alert is not None:
            touched.add(alert.pk)
            if alert.is_open:
                alerts[key] = alert
    return touched


def _begin(
    rule: AlertRule, change: Change, transition: Transition, standing: root_cause.Standing, at: datetime
) -> Alert | None:
    """An alert, unless none is due: it is withheld, or it was resolved by hand and only goes on."""
    state = change.state
    if transition.kind == Kind.RESOLVED:
        state.withheld_since = state.held_by = None
    if transition.kind not in RAISING:
        return None
    since = state.withheld_since or at
    if standing.held_by is not None or (standing.waits and at - since < root_cause.WAIT_AT_MOST):
        state.withheld_since, state.held_by = since, standing.held_by
        return None
    state.withheld_since = state.held_by = None
    return _open(rule, change, transition, at)


def _let_go(alert: Alert, at: datetime) -> None:
    """What was held under an alert that is over gets time to come back."""
    if alert.device is None:
        return
    patience = root_cause.patience(alert.device)
    RuleState.objects.filter(held_by=alert).update(held_by=None, withheld_since=at, due_at=at + patience)


def _open(rule: AlertRule, change: Change, transition: Transition, at: datetime) -> Alert:
    said = _said(rule, change.subject, transition)
    alert = Alert.objects.create(
        rule=rule,
        rule_name=rule.name,
        rule_revision=change.rule.revision,
        device_id=change.subject.pk,
        project_id=change.subject.project_id,
        severity=transition.severity,
        worst_severity=transition.severity,
        event_time=datetime.fromtimestamp(transition.time, UTC),
        received_at=at,
        is_about_absence=root_cause.is_about_absence(change.rule),
        **said,
    )
    _note(alert, EventKind.OPENED, transition, said["message"], at)
    return alert


def _move(alert: Alert, rule: AlertRule, subject: Subject, transition: Transition) -> None:
    alert.status = STATUS_AFTER[transition.kind]
    alert.severity = transition.severity
    text = ""
    if transition.kind in RAISING:
        said = _said(rule, subject, transition)
        text = said["message"]
        alert.message, alert.what, alert.value, alert.limit = said.values()
        alert.worst_severity = min(alert.worst_severity, alert.severity, key=SEVERITIES.index)
    if transition.kind == Kind.RESOLVED:
        # A clock that lags must not end an alert before it began.
        alert.resolved_at = max(datetime.fromtimestamp(transition.time, UTC), alert.event_time)
        _let_go(alert, timezone.now())
    alert.save(update_fields=CHANGED_BY_RULES)
    _note(alert, EventKind(transition.kind), transition, text, timezone.now())


def _said(rule: AlertRule, subject: Subject, transition: Transition) -> dict[str, str]:
    """An alert's message and the figure it is about: the first that is known."""
    figure = next((figure for figure in transition.figures if figure.value is not None), None)
    what, value, limit = ("", "", "") if figure is None else figure_in_words(names_of(subject.pk), figure)
    names = {
        "device": subject.name,
        "device_id": subject.device_id,
        "project": subject.project_name,
        "rule": rule.name,
        "severity": transition.severity,
        "what": what,
        "value": value,
        "limit": limit,
    }
    return {"message": fill(rule.message, names), "what": what, "value": value, "limit": limit}


def _note(alert: Alert, kind: EventKind, transition: Transition, text: str, known_at: datetime) -> None:
    at = datetime.fromtimestamp(transition.time, UTC)
    event = AlertEvent.objects.create(alert=alert, at=at, kind=kind, severity=transition.severity, text=text)
    outbox.enqueue(alert, event, known_at)


def _change(
    alert: Alert,
    kind: EventKind,
    by: "AnyUser | None",
    at: datetime,
    only_if: dict[str, Any],
    text: str = "",
    **fields: Any,
) -> bool:
    """Change an open alert in one statement, so that of two people one is first."""
    with transaction.atomic():
        changed = Alert.objects.open().filter(pk=alert.pk, **only_if).update(**fields) == 1
        if changed:
            for name, value in fields.items():
                setattr(alert, name, value)
            by_id = by.pk if by else None
            event = AlertEvent.objects.create(
                alert=alert, at=at, kind=kind, severity=alert.severity, by_id=by_id, text=text[:1000]
            )
            outbox.enqueue(alert, event, at)
            push_alerts([alert.pk])
    return changed
