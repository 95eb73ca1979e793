"""Until when nobody is to be told of an alert, and that somebody is when that ends early."""

from datetime import datetime

from django.utils import timezone

from alerts.models import Alert, Notification, NotificationStatus, Silence

SILENCED = "silenced"


def silenced_until(alert: Alert, at: datetime) -> datetime | None:
    """The end of the last silence over the alert, or of its snooze; None when there is none at `at`."""
    ends = [silence.ends_at for silence in silences_over(alert, at)]
    if alert.snoozed_until is not None and alert.snoozed_until > at:
        ends.append(alert.snoozed_until)
    return max(ends, default=None)


def silences_over(alert: Alert, at: datetime) -> list[Silence]:
    """Those that keep people from being told of the alert, which need not be stored, at a moment."""
    return [silence for silence in Silence.objects.filter(project=alert.project_id).at(at) if fits(silence, alert)]


def look_again(project_id: int) -> None:
    """What was put off is due now. Whoever sends it asks whether something else silences it still."""
    now = timezone.now()
    put_off = Notification.objects.filter(status=NotificationStatus.QUEUED, answer=SILENCED, due_at__gt=now)
    put_off.filter(alert__project=project_id).update(due_at=now)


def fits(silence: Silence, alert: Alert) -> bool:
    device = alert.device
    return (
        silence.project_id == alert.project_id
        and silence.rule_id in {None, alert.rule_id}
        and silence.device_id in {None, alert.device_id}
        and silence.device_type_id in {None, device and device.device_type_id}
        and (not silence.label or (device is not None and silence.label in device.labels))
    )
