"""A report that was owed could not be made or sent: its project sees an alert, and its owner gets a mail."""

from datetime import datetime

from alerts import raising
from alerts.models.alert import Severity
from reports.models import Delivery, DeliveryStatus, Purpose, Run, RunStatus, Schedule

TOPIC = "delivery"


def tell(schedule: Schedule, slot: datetime, problem: str, now: datetime, *, run: Run | None = None) -> None:
    """Once for each slot."""
    finding = raising.Finding(
        TOPIC,
        "Scheduled report",
        Severity.MEDIUM,
        f"“{schedule.template}” was not delivered: {problem}",
        "Report",
        "not delivered",
        "",
    )
    raising.report(schedule, finding, now)
    if schedule.owner.email:
        told = Delivery(
            schedule=schedule, slot=slot, purpose=Purpose.FAILURE, run=run, user=schedule.owner,
            address=schedule.owner.email, due_at=now, problem=problem[:500],
        )  # fmt: skip
        Delivery.objects.bulk_create([told], ignore_conflicts=True)


def settle(schedule: Schedule, slot: datetime, now: datetime) -> None:
    """It has been delivered, all of it: what was wrong before is over."""
    of_slot = Delivery.objects.filter(schedule=schedule, slot=slot, purpose=Purpose.REPORT)
    failed = Run.objects.filter(schedule=schedule, slot__gte=slot, status=RunStatus.FAILED)
    if not of_slot.exclude(status__in=[DeliveryStatus.SENT, DeliveryStatus.DROPPED]).exists() and not failed.exists():
        raising.settle(schedule, TOPIC, now, "Delivered again.")
