from django.contrib import admin
from django.urls import include, path

from devices.firmware.views import download, key
from devices.views import authority_certificate, revoked_certificates
from iotsphere.api import problems
from iotsphere.observability.metrics import metrics
from iotsphere.pwa import views as pwa
from telemetry.api.telemetry import TelemetryView

admin.autodiscover()

urlpatterns = [
    path("", include("iotsphere.dashboards.urls")),
    path("", include("iotsphere.accounts.urls")),
    path("", include("alerts.urls")),
    path("", include("mlmonitor.urls")),
    path("", include("reports.urls")),
    path("", include("iotsphere.boards.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("iotsphere.api.urls")),
    path("metrics", metrics),
    path("sw.js", pwa.service_worker, name="service-worker"),
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("offline/", pwa.offline, name="offline"),
    path("ca.pem", authority_certificate, name="authority"),
    path("firmware.pem", key, name="firmware-key"),
    path("firmware/download/<str:token>", download, name="firmware-download"),
    path("crl.pem", revoked_certificates, name="revoked-certificates"),
    path("api/telemetry", TelemetryView.as_view(schema=None)),
]

handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.not_found
handler500 = problems.server_error
