from reports.models.delivery import Delivery, DeliveryStatus, Purpose
from reports.models.run import Run, RunStatus
from reports.models.schedule import Frequency, Schedule, Unsubscription
from reports.models.template import Format, ReportTemplate

__all__ = [
    "Delivery",
    "DeliveryStatus",
    "Format",
    "Frequency",
    "Purpose",
    "ReportTemplate",
    "Run",
    "RunStatus",
    "Schedule",
    "Unsubscription",
]
