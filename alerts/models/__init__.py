from alerts.models.alert import Alert, AlertEvent, EventKind
from alerts.models.rule import AlertRule
from alerts.models.state import RuleState

__all__ = ["Alert", "AlertEvent", "AlertRule", "EventKind", "RuleState"]
