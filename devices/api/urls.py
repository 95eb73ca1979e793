from rest_framework.routers import SimpleRouter

from devices.api.views import CredentialViewSet, DeviceTypeViewSet, DeviceViewSet, MemberViewSet, ProjectViewSet

router = SimpleRouter()
router.register("projects", ProjectViewSet)
router.register("members", MemberViewSet, basename="member")
router.register("device-types", DeviceTypeViewSet, basename="device-type")
router.register("devices", DeviceViewSet)
router.register("credentials", CredentialViewSet)

urlpatterns = router.urls
