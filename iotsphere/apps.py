from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class IoTSphereConfig(AppConfig):
    name = "iotsphere"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from iotsphere import celery  # noqa: F401, PLC0415 (so that tasks started here go to the portal's workers)
        from iotsphere.accounts import signals  # noqa: F401, PLC0415 (connects the receivers)


class PortalAdminConfig(SimpleAdminConfig):
    """The admin's pages are found by iotsphere.urls: workers show none, and need neither the time nor the memory."""

    default_site = "iotsphere.admin_site.PortalAdminSite"
