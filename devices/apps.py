from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "devices"
    verbose_name = "Devices"

    def ready(self) -> None:
        from devices import broker, outbox  # noqa: F401, PLC0415 (they follow credentials and presence)
        from devices.console import checks  # noqa: F401, PLC0415 (registers the system checks)
        from devices.firmware import packages, rollout  # noqa: F401, PLC0415 (they follow devices, and packages that go)
