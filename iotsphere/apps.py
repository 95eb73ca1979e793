from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class IoTSphereConfig(AppConfig):
    name = "iotsphere"
    verbose_name = "Accounts"


class PortalAdminConfig(AdminConfig):
    default_site = "iotsphere.admin_site.PortalAdminSite"
