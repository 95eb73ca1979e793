from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("iotsphere.dashboards.urls")),
    path("", include("iotsphere.accounts.urls")),
    path("admin/", admin.site.urls),
]
