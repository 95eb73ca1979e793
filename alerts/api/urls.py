from django.urls import path
from rest_framework.routers import SimpleRouter

from alerts.api import views
from alerts.api.patterns import PatternsView
from alerts.api.push import PushSubscriptionViewSet

router = SimpleRouter()
router.register("alerts", views.AlertViewSet)
router.register("alert-rules", views.AlertRuleViewSet, basename="alert-rule")
router.register("backtests", views.BacktestViewSet)
router.register("silences", views.SilenceViewSet)
router.register("webhooks", views.WebhookViewSet)
router.register("escalation-steps", views.EscalationStepViewSet, basename="escalation-step")
router.register("push-subscriptions", PushSubscriptionViewSet, basename="push-subscription")
router.register("notifications", views.NotificationViewSet)
router.register("notification-defaults", views.DefaultPreferenceViewSet, basename="notification-default")
router.register("notification-preferences", views.PreferenceViewSet, basename="notification-preference")

urlpatterns = [path("alerts/patterns/", PatternsView.as_view(), name="alert-patterns"), *router.urls]
