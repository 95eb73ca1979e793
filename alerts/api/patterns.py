"""When alerts come, from where, and how they are answered: GET alerts/patterns/."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.models import Alert
from alerts.patterns import MOST_LISTED, Patterns, patterns
from devices.api.fields import TimeZoneField
from devices.api.query import QuerySerializer
from telemetry.api.fields import TimeField

USUAL, LONGEST = timedelta(days=30), timedelta(days=366)


class PatternsQuery(QuerySerializer):
    """Which alerts are asked for."""

    to = TimeField(required=False, help_text="The end, itself not in it; now if it is not given.")
    project = serializers.CharField(required=False, max_length=200, help_text="The project's slug.")
    device = serializers.CharField(required=False, max_length=64, help_text="The device ID.")
    rule = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="The rule's number.")
    time_zone = TimeZoneField(required=False, help_text="Whose days and hours are counted; UTC if it is not given.")

    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` cannot be the name of an attribute.
        start = TimeField(required=False, help_text="The beginning; 30 days before the end if it is not given.")
        return {"from": start, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        end = attrs.setdefault("to", timezone.now())
        start = attrs.setdefault("from", end - USUAL)
        attrs.setdefault("time_zone", ZoneInfo("UTC"))
        if not start < end <= start + LONGEST:
            raise serializers.ValidationError({"from": f"It must be before `to`, by {LONGEST.days} days at most."})
        return attrs


class DayFiresSerializer(serializers.Serializer):
    day = serializers.DateField()
    fires = serializers.IntegerField()


class ShareSerializer(serializers.Serializer):
    key = serializers.CharField(help_text="The device ID, or the rule's number (empty: it was deleted).")
    name = serializers.CharField()
    fires = serializers.IntegerField()
    seconds_open = serializers.FloatField(help_text="Of all its alerts together.")


class PatternsSerializer(serializers.Serializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    zone = serializers.CharField(help_text="The time zone of days and hours.")
    fires = serializers.IntegerField(help_text="How many alerts were raised.")
    per_hour = serializers.ListField(
        child=serializers.IntegerField(), min_length=24, max_length=24, help_text="Of the day, from midnight."
    )
    per_day = serializers.SerializerMethodField(help_text="Every day, also those without alerts.")
    devices = ShareSerializer(many=True, help_text=f"The noisiest first; {MOST_LISTED} at most.")
    rules = ShareSerializer(many=True)
    seconds_to_acknowledge = serializers.FloatField(allow_null=True, help_text="Median; null: nobody acknowledged any.")
    seconds_to_resolve = serializers.FloatField(allow_null=True, help_text="Median; null: none was resolved.")

    @extend_schema_field(DayFiresSerializer(many=True))
    def get_per_day(self, found: Patterns) -> list[dict[str, Any]]:
        return [{"day": day, "fires": fires} for day, fires in found.per_day]


class PatternsView(APIView):
    """What the alerts of some time have in common."""

    @extend_schema(
        tags=["alerts"],
        summary="Show the patterns of alerts",
        description="When they come, from which devices and rules, and how long it takes until somebody has seen them.",
        parameters=[PatternsQuery],
        responses=PatternsSerializer,
    )
    def get(self, request: Request) -> Response:
        query = PatternsQuery(data={name: ",".join(values) for name, values in request.query_params.lists()})
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        paths = {"project": "project__slug", "device": "device__device_id", "rule": "rule"}
        alerts = Alert.objects.visible_to(request.user)
        alerts = alerts.filter(**{path: asked[name] for name, path in paths.items() if name in asked})
        return Response(PatternsSerializer(patterns(alerts, asked["from"], asked["to"], asked["time_zone"])).data)
