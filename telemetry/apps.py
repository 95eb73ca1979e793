from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    name = "telemetry"
    verbose_name = "Telemetry"

    def ready(self) -> None:
        from telemetry import (  # noqa: PLC0415 (they need the models)
            checks,  # noqa: F401 (registers the system checks)
            purge,  # noqa: F401 (says what it has of a device)
            series,  # noqa: F401 (follows changes of devices and metrics)
        )
        from telemetry.device_socket import signals  # noqa: F401, PLC0415 (tells sockets of devices)
        from telemetry.live import control  # noqa: F401, PLC0415 (tells pages of commands and twins)
