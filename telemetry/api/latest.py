from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Device, Presence
from telemetry.models import Metric
from telemetry.models.metric import in_its_type


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
        # Values instead of models: phones ask for this all the time.
        devices = Device.objects.visible_to(request.user).values("pk", "device_id", "presence", "last_message")
        device: Any = get_object_or_404(cast(Any, devices), device_id=device_id)
        metrics = Metric.objects.filter(device=device.pop("pk"), last_time__isnull=False).order_by("key")
        rows: Any = metrics.values_list("key", "label", "unit", "last_time", "value_type", "last_value", "last_text")
        values = {
            key: {"value": in_its_type(*value), "time": time, "label": label, "unit": unit}
            for key, label, unit, time, *value in rows
        }
        return Response({**device, "values": values})
