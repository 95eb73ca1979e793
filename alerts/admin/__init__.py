from alerts.admin import alert, notification, rule, silence  # noqa: F401 (they register themselves)
