from rest_framework.routers import SimpleRouter

from mlmonitor.api import views

router = SimpleRouter()
router.register("models", views.MonitoredModelViewSet, basename="model")
router.register("drift-checks", views.DriftCheckViewSet, basename="drift-check")
router.register("monitor-thresholds", views.ThresholdViewSet, basename="monitor-threshold")

urlpatterns = router.urls
