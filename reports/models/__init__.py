from reports.models.delivery import Delivery, DeliveryStatus, Purpose
from reports.models.letterhead import Letterhead
from reports.models.run import Run, RunStatus
from reports.models.schedule import Frequency, Schedule, Unsubscription
from reports.models.template import Format, ReportTemplate

__all__ = [
    "Delivery",
    "DeliveryStatus",
    "Format",
    "Frequency",
    "Letterhead",
    "Purpose",
    "ReportTemplate",
    "Run",
    "RunStatus",
    "Schedule",
    "Unsubscription",
]
