"""Alerts that no rule raises: another app watches rows of its own, and says here what it finds.

Such a row belongs to a `project`, has a page (`get_absolute_url`), and takes its alerts along when it is deleted:
`alerts = GenericRelation(Alert, object_id_field="about_id", content_type_field="about_type")`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from alerts.evaluator import SEVERITIES
from alerts.live import push_alerts
from alerts.models import Alert, AlertEvent, EventKind
from alerts.models.alert import AlertQuerySet, AlertStatus
from alerts.notify import outbox


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a row: `topic` says what of it, so that there is one open alert for each."""

    topic: str
    title: str
    severity: str
    message: str
    what: str
    value: str
    limit: str


def report(about: Any, finding: Finding, at: datetime, *, again_within: timedelta = timedelta(0)) -> Alert:
    """Open an alert, or change the one that is open.

    One that ended by itself no longer than `again_within` ago is opened again instead.
    """
    said = {"message": finding.message[:500], "what": finding.what, "value": finding.value, "limit": finding.limit}
    with transaction.atomic():
        of_topic = alerts_about(about).filter(topic=finding.topic).select_for_update(of=("self",))
        alert = of_topic.open().first()
        if alert is not None:
            return _change(alert, finding.severity, said, at)
        over = of_topic.filter(resolved_by=None, resolved_at__gt=at - again_within).order_by("-resolved_at").first()
        if over is not None:
            over.resolved_at, over.status = None, AlertStatus.FIRING
            over.acknowledged_at = over.acknowledged_by = None
            over.severity = finding.severity
            return _say(over, EventKind.OPENED, f"Again: {finding.message}", said, at)
        alert = Alert.objects.create(
            rule_name=finding.title,
            rule_revision=1,
            about=about,
            topic=finding.topic,
            project_id=about.project_id,
            severity=finding.severity,
            worst_severity=finding.severity,
            event_time=at,
            received_at=at,
            **said,
        )
        return _say(alert, EventKind.OPENED, finding.message, said, at)


def settle(about: Any, topic: str, at: datetime, text: str = "") -> bool:
    """Resolve what is open on the topic; False if nothing is."""
    with transaction.atomic():
        alert = alerts_about(about).open().filter(topic=topic).select_for_update(of=("self",)).first()
        if alert is None:
            return False
        alert.status, alert.resolved_at = AlertStatus.RESOLVED, max(at, alert.event_time)
        _say(alert, EventKind.RESOLVED, text, {}, at)
        return True


def alerts_about(about: Any) -> AlertQuerySet:
    return Alert.objects.filter(about_type=ContentType.objects.get_for_model(about), about_id=about.pk)


def _change(alert: Alert, severity: str, said: dict[str, str], at: datetime) -> Alert:
    """Only another severity is news; the figures are kept up to date without a word."""
    if alert.severity == severity:
        Alert.objects.filter(pk=alert.pk).update(**said)
        return alert
    became_worse = SEVERITIES.index(severity) < SEVERITIES.index(alert.severity)
    alert.severity = severity
    return _say(alert, EventKind.ESCALATED if became_worse else EventKind.DEESCALATED, said["message"], said, at)


def _say(alert: Alert, kind: EventKind, text: str, said: dict[str, str], at: datetime) -> Alert:
    """Save the alert, write its timeline, and queue whom to tell."""
    for name, value in said.items():
        setattr(alert, name, value)
    alert.worst_severity = min(alert.worst_severity, alert.severity, key=SEVERITIES.index)
    alert.save()
    event = AlertEvent.objects.create(alert=alert, at=at, kind=kind, severity=alert.severity, text=text[:1000])
    outbox.enqueue(alert, event, at)
    push_alerts([alert.pk])
    return alert
