from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class IoTSphereConfig(AppConfig):
    name = "iotsphere"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from iotsphere import celery  # noqa: F401, PLC0415 (so that tasks started here go to the portal's workers)
        from iotsphere.accounts import signals  # noqa: F401, PLC0415 (connects the receivers)


class PortalAdminConfig(AdminConfig):
    default_site = "iotsphere.admin_site.PortalAdminSite"
