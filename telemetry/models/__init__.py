from telemetry.models.ledger import LedgerHour, RejectionCount
from telemetry.models.metric import Metric
from telemetry.models.reading import Reading
from telemetry.models.rejected import Door, QuarantinedMessage, RejectedItem

__all__ = [
    "Door",
    "LedgerHour",
    "Metric",
    "QuarantinedMessage",
    "Reading",
    "RejectedItem",
    "RejectionCount",
]
