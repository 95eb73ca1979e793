from django.contrib import admin
from django.urls import include, path

from iotsphere.api import problems

urlpatterns = [
    path("", include("iotsphere.dashboards.urls")),
    path("", include("iotsphere.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("iotsphere.api.urls")),
]

handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.not_found
handler500 = problems.server_error
