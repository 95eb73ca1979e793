from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.availability import periods, spans_of
from devices.models import Device, Presence

MOST_SPANS = 1000


class PeriodSerializer(serializers.Serializer):
    days = serializers.IntegerField()
    percent = serializers.FloatField(
        allow_null=True, help_text="Online or stale, of the time that is known; null if none."
    )
    online = serializers.FloatField(help_text="Seconds, stale ones included.")
    offline = serializers.FloatField(help_text="Seconds.")
    unknown = serializers.FloatField(help_text="Seconds that count neither way: before its first message, for one.")


class SpanSerializer(serializers.Serializer):
    presence = serializers.ChoiceField(choices=Presence.choices)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class AvailabilitySerializer(serializers.Serializer):
    device_id = serializers.CharField()
    presence = serializers.ChoiceField(choices=Presence.choices)
    periods = PeriodSerializer(many=True)
    spans = SpanSerializer(many=True, help_text=f"Of the longest period, oldest first; the last {MOST_SPANS}.")


class AvailabilityView(APIView):
    """How much of the last day, week and thirty days a device was there, and when it was not."""

    @extend_schema(tags=["devices"], summary="Show the availability", responses=AvailabilitySerializer)
    def get(self, request: Request, device_id: str) -> Response:
        device = get_object_or_404(Device.objects.visible_to(request.user), device_id=device_id)
        now = timezone.now()
        spans = spans_of(device, now)
        return Response(
            {
                "device_id": device.device_id,
                "presence": device.presence,
                "periods": [
                    {
                        "days": period.days,
                        "percent": share.percent,
                        "online": share.there.total_seconds(),
                        "offline": share.gone.total_seconds(),
                        "unknown": share.unknown.total_seconds(),
                    }
                    for period, share in periods(spans, now)
                ],
                "spans": [span._asdict() for span in spans[-MOST_SPANS:]],
            }
        )
