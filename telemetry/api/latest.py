from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Device, Presence
from telemetry.models import Metric


class LatestValueSerializer(serializers.Serializer):
    value = serializers.JSONField(help_text="A number, true or false, or a short text.")
    time = serializers.DateTimeField(help_text="The reading's own time.")
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()


class LatestSerializer(serializers.Serializer):
    device_id = serializers.CharField()
    presence = serializers.ChoiceField(choices=Presence.choices)
    last_message = serializers.DateTimeField(allow_null=True)
    values = serializers.DictField(child=LatestValueSerializer(), help_text="By the metric's key.")


class LatestView(APIView):
    """The newest value of each metric of a device."""

    @extend_schema(tags=["devices"], summary="Show the latest values", responses=LatestSerializer)
    def get(self, request: Request, device_id: str) -> Response:
        device = get_object_or_404(Device.objects.visible_to(request.user), device_id=device_id)
        metrics = Metric.objects.filter(device=device, last_time__isnull=False).order_by("key")
        return Response(
            {
                "device_id": device.device_id,
                "presence": device.presence,
                "last_message": device.last_message,
                "values": {metric.key: latest_value(metric) for metric in metrics},
            }
        )


def latest_value(metric: Metric) -> dict[str, Any]:
    return {"value": metric.latest, "time": metric.last_time, "label": metric.label, "unit": metric.unit}
