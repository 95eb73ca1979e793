from alerts.models.alert import Alert, AlertEvent, EventKind
from alerts.models.backtest import Backtest
from alerts.models.rule import AlertRule
from alerts.models.state import RuleState

__all__ = ["Alert", "AlertEvent", "AlertRule", "Backtest", "EventKind", "RuleState"]
