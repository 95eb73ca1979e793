from rest_framework.routers import SimpleRouter

from reports.api import views

router = SimpleRouter()
router.register("reports/kinds", views.KindViewSet, basename="report-kind")
router.register("reports/templates", views.TemplateViewSet, basename="report-template")
router.register("reports/runs", views.RunViewSet, basename="report-run")
router.register("reports/schedules", views.ScheduleViewSet, basename="report-schedule")
router.register("reports/deliveries", views.DeliveryViewSet, basename="report-delivery")

urlpatterns = router.urls
