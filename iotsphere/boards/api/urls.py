from rest_framework.routers import SimpleRouter

from iotsphere.boards.api.views import DashboardViewSet

router = SimpleRouter()
router.register("dashboards", DashboardViewSet)

urlpatterns = router.urls
