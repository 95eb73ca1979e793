from typing import Any, cast

from django.shortcuts import get_list_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Device, Presence
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


COLUMNS = (
    "presence",
    "last_message",
    *(f"metrics__{name}" for name in ("key", "label", "unit", "last_time", "value_type", "last_value", "last_text")),
)


class LatestView(APIView):
    """The newest value of each metric of a device."""

    @extend_schema(tags=["devices"], summary="Show the latest values", responses=LatestSerializer)
    def get(self, request: Request, device_id: str) -> Response:
        # One query, and values instead of models: phones ask for this all the time.
        devices = Device.objects.visible_to(request.user).order_by("metrics__key").values_list(*COLUMNS)
        rows: list[Any] = get_list_or_404(cast(Any, devices), device_id=device_id)
        values = {
            key: {"value": in_its_type(*value), "time": time, "label": label, "unit": unit}
            for _, _, key, label, unit, time, *value in rows
            if time is not None
        }
        presence, last_message, *_ = rows[0]
        return Response({"device_id": device_id, "presence": presence, "last_message": last_message, "values": values})
