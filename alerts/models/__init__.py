from alerts.models.alert import Alert, AlertEvent, EventKind
from alerts.models.backtest import Backtest
from alerts.models.notification import (
    DeliveryAttempt,
    EscalationStep,
    Notification,
    NotificationPreference,
    NotificationStatus,
    Transport,
    Webhook,
)
from alerts.models.push import PushSubscription
from alerts.models.rule import AlertRule
from alerts.models.silence import Silence
from alerts.models.state import RuleState

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertRule",
    "Backtest",
    "DeliveryAttempt",
    "EscalationStep",
    "EventKind",
    "Notification",
    "NotificationPreference",
    "NotificationStatus",
    "PushSubscription",
    "RuleState",
    "Silence",
    "Transport",
    "Webhook",
]
