from django.urls import path
from rest_framework.routers import SimpleRouter

from devices import paths  # noqa: F401 (knows <device_id:…>)
from mlmonitor.api import foretelling, views

router = SimpleRouter()
router.register("models", views.MonitoredModelViewSet, basename="model")
router.register("drift-checks", views.DriftCheckViewSet, basename="drift-check")
router.register("monitor-thresholds", views.ThresholdViewSet, basename="monitor-threshold")
router.register("forecasts", foretelling.ForecastViewSet, basename="forecast")
router.register("service-records", foretelling.ServiceRecordViewSet, basename="service-record")

urlpatterns = [
    path("devices/<device_id:device_id>/anomalies/", foretelling.AnomaliesView.as_view(), name="anomalies"),
    *router.urls,
]
