from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Device
from telemetry.quality import DAYS, Quality, quality
from telemetry.reasons import Reason

GAPS_LISTED = 200


class GapSerializer(serializers.Serializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    seconds = serializers.FloatField()


class ClockSerializer(serializers.Serializer):
    mean = serializers.FloatField()
    least = serializers.FloatField()
    most = serializers.FloatField()


class OutOfRangeSerializer(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)
    lowest = serializers.FloatField()
    highest = serializers.FloatField()
    stretches = serializers.IntegerField(help_text="In how many five minutes there were such values.")


class QualitySerializer(serializers.Serializer):
    device_id = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    expected_interval = serializers.FloatField(help_text="Seconds.")
    interval = serializers.FloatField(allow_null=True, help_text="Seconds between messages, where there were any.")
    expected = serializers.IntegerField(allow_null=True, help_text="Messages; null for a device that sends texts only.")
    received = serializers.IntegerField(allow_null=True, help_text="Messages with a time in this stretch.")
    completeness = serializers.FloatField(allow_null=True, help_text="0 to 1.")
    gap_count = serializers.IntegerField()
    gaps = GapSerializer(many=True, help_text=f"To the next five minutes; the newest {GAPS_LISTED}.")
    items = serializers.DictField(
        child=serializers.IntegerField(), help_text="What became of the values that arrived: received = the others."
    )
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="Rejected values by reason.")
    late_share = serializers.FloatField(
        allow_null=True, help_text="Share of the messages that were more than five minutes old when they came."
    )
    clock_ahead = ClockSerializer(allow_null=True, help_text="Seconds by which its clock was ahead on arrival.")
    out_of_range = OutOfRangeSerializer(many=True)


class QualityView(APIView):
    """How good what a device sends is: complete, on time, by a right clock, within range, taken."""

    @extend_schema(
        tags=["devices"],
        summary="Judge the quality of the data",
        parameters=[OpenApiParameter("days", int, enum=DAYS, default=DAYS[1], description="How far back.")],
        responses=QualitySerializer,
    )
    def get(self, request: Request, device_id: str) -> Response:
        devices = Device.objects.visible_to(request.user).select_related("device_type")
        device = get_object_or_404(devices, device_id=device_id)
        days = request.query_params.get("days", str(DAYS[1]))
        if days not in {str(choice) for choice in DAYS}:
            raise ValidationError({"days": f"One of {', '.join(map(str, DAYS))}."})
        return Response(_answer(device, quality(device, int(days), timezone.now())))


def _answer(device: Device, found: Quality) -> dict[str, Any]:
    covered = found.coverage
    gaps = list(covered.gaps) if covered else []
    return {
        "device_id": device.device_id,
        "start": found.start,
        "end": found.end,
        "expected_interval": found.expected_interval.total_seconds(),
        "interval": covered.interval.total_seconds() if covered and covered.interval else None,
        "expected": covered.expected if covered else None,
        "received": covered.received if covered else None,
        "completeness": covered.completeness if covered else None,
        "gap_count": len(gaps),
        "gaps": [
            {"start": gap.start, "end": gap.end, "seconds": gap.length.total_seconds()} for gap in gaps[-GAPS_LISTED:]
        ],
        "items": {name: getattr(found, name) for name in ("received", "stored", "duplicate", "rejected")},
        "reasons": {Reason(reason).value: count for reason, count in found.reasons},
        "late_share": found.late_share,
        "clock_ahead": (
            {"mean": found.clock.mean, "least": found.clock.least, "most": found.clock.most} if found.clock else None
        ),
        "out_of_range": OutOfRangeSerializer(found.out_of_range, many=True).data,
    }
