from django.urls import path
from rest_framework.routers import SimpleRouter

from devices import paths  # noqa: F401 (knows <device_id:…>)
from telemetry.api.device import DeviceCommandsView, DeviceFirmwareView, DeviceReplyView, DeviceTwinView
from telemetry.api.history import ComparisonView, HistoryView
from telemetry.api.latest import LatestView
from telemetry.api.metrics import MetricViewSet
from telemetry.api.quality import QualityView
from telemetry.api.rejected import RejectedMessageViewSet
from telemetry.api.servers import ServerViewSet
from telemetry.api.telemetry import TelemetryView

router = SimpleRouter()
router.register("metrics", MetricViewSet)
router.register("rejected-messages", RejectedMessageViewSet, basename="rejected-message")
router.register("servers", ServerViewSet, basename="server")

urlpatterns = [
    path("devices/<device_id:device_id>/latest/", LatestView.as_view(), name="latest"),
    path("devices/<device_id:device_id>/quality/", QualityView.as_view(), name="quality"),
    path("devices/<device_id:device_id>/history/", HistoryView.as_view(), name="history"),
    path("history/", ComparisonView.as_view(), name="comparison"),
    path("telemetry", TelemetryView.as_view(), name="telemetry"),
    path("telemetry/", TelemetryView.as_view(schema=None)),
    path("device/commands", DeviceCommandsView.as_view(), name="device-commands"),
    path("device/commands/<str:command_id>/reply", DeviceReplyView.as_view(), name="device-reply"),
    path("device/firmware", DeviceFirmwareView.as_view(), name="device-firmware"),
    path("device/twin", DeviceTwinView.as_view(), name="device-twin"),
    *router.urls,
]
