from django.urls import path

from alerts.views import alerts, backtests, notifications, patterns, rules, silences, told

urlpatterns = [
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/change/", alerts.change_many, name="alerts-change"),
    path("alerts/rules/", rules.rules, name="rules"),
    path("alerts/rules/new/", rules.new, name="rule-new"),
    path("alerts/rules/preview/", rules.preview, name="rule-preview"),
    path("alerts/rules/<int:pk>/", rules.rule, name="rule"),
    path("alerts/rules/<int:pk>/edit/", rules.edit, name="rule-edit"),
    path("alerts/rules/<int:pk>/copy/", rules.copy, name="rule-copy"),
    path("alerts/rules/<int:pk>/delete/", rules.delete, name="rule-delete"),
    path("alerts/rules/<int:pk>/versions/", rules.history, name="rule-versions"),
    path("alerts/rules/<int:pk>/why/", rules.why, name="rule-why"),
    path("alerts/rules/<int:pk>/try/", backtests.try_out, name="rule-try"),
    path("alerts/rules/<int:pk>/enable/", backtests.enable, name="rule-enable"),
    path("alerts/rules/<int:pk>/disable/", backtests.disable, name="rule-disable"),
    path("alerts/backtests/<int:pk>/", backtests.backtest, name="backtest"),
    path("alerts/silences/", silences.silences, name="silences"),
    path("alerts/silences/<int:pk>/end/", silences.end, name="silence-end"),
    path("alerts/patterns/", patterns.patterns, name="alert-patterns"),
    path("alerts/notifications/", notifications.notifications, name="notifications"),
    path("alerts/notifications/read/", notifications.read, name="notifications-read"),
    path("alerts/notifications/preferences/", notifications.preferences, name="notification-preferences"),
    path("alerts/notifications/deliveries/", notifications.deliveries, name="deliveries"),
    path("alerts/told/", told.told, name="told"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
    path("alerts/<int:pk>/<slug:verb>/", alerts.change, name="alert-change"),
    path("alerts/unsubscribe/<str:token>/", alerts.unsubscribe, name="alerts-unsubscribe"),
]
