from django.apps import AppConfig


class ModelMonitoringConfig(AppConfig):
    name = "mlmonitor"
    verbose_name = "Model monitoring"
