from django.urls import path
from rest_framework.routers import SimpleRouter

from devices import paths  # noqa: F401 (knows <device_id:…>)
from devices.api.availability import AvailabilityView
from devices.api.commands import CommandViewSet
from devices.api.firmware import FirmwareCampaignViewSet, FirmwarePackageViewSet, FirmwareUpdateViewSet
from devices.api.provisioning import ProvisioningKeyViewSet, ProvisionView
from devices.api.purges import PurgeViewSet
from devices.api.twin import TwinView
from devices.api.views import (
    CredentialViewSet,
    DeviceTypeViewSet,
    DeviceViewSet,
    MemberViewSet,
    ProjectViewSet,
)

router = SimpleRouter()
router.register("projects", ProjectViewSet)
router.register("members", MemberViewSet, basename="member")
router.register("device-types", DeviceTypeViewSet, basename="device-type")
router.register("devices", DeviceViewSet)
router.register("credentials", CredentialViewSet)
router.register("provisioning-keys", ProvisioningKeyViewSet, basename="provisioning-key")
router.register("commands", CommandViewSet)
router.register("firmware-packages", FirmwarePackageViewSet, basename="firmware-package")
router.register("firmware-campaigns", FirmwareCampaignViewSet, basename="firmware-campaign")
router.register("firmware-updates", FirmwareUpdateViewSet, basename="firmware-update")
router.register("purges", PurgeViewSet)

urlpatterns = [
    path("devices/<device_id:device_id>/twin/", TwinView.as_view(), name="twin"),
    path("devices/<device_id:device_id>/availability/", AvailabilityView.as_view(), name="availability"),
    path("provision", ProvisionView.as_view(), name="provision"),
    path("provision/", ProvisionView.as_view(schema=None)),
    *router.urls,
]
