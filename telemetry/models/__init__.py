from telemetry.models.evaluation import OwedEvaluation
from telemetry.models.ledger import LedgerHour, RejectionCount
from telemetry.models.metric import Metric
from telemetry.models.reading import Reading
from telemetry.models.rejected import Door, Problem, QuarantinedMessage, RejectedMessage
from telemetry.models.retention import RetentionReceipt
from telemetry.models.rollup import DailyRollup, DirtyBucket, FiveMinuteRollup, HourlyRollup, Rollup

__all__ = [
    "DailyRollup",
    "DirtyBucket",
    "Door",
    "FiveMinuteRollup",
    "HourlyRollup",
    "LedgerHour",
    "Metric",
    "OwedEvaluation",
    "Problem",
    "QuarantinedMessage",
    "Reading",
    "RejectedMessage",
    "RejectionCount",
    "RetentionReceipt",
    "Rollup",
]
