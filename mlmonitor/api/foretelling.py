from typing import Any, cast

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.api.filters import OfDeviceFilter
from devices.api.scoped import NUMBER, ScopedViewSet, require
from devices.models import Device
from devices.permissions import Permission
from mlmonitor.foretelling import service
from mlmonitor.foretelling.unusual import Unusualness, unusual
from mlmonitor.models import Forecast, ForecastState, HealthIndicator, ServiceRecord, Urgency


class ForecastSerializer(serializers.ModelSerializer):
    device: serializers.RelatedField = serializers.SlugRelatedField(slug_field="device_id", read_only=True)
    indicator = serializers.CharField(source="indicator.key", help_text="The key of the health indicator.")
    label = serializers.CharField(source="indicator.label")  # type: ignore[assignment]
    unit = serializers.CharField(source="indicator.unit")
    threshold = serializers.FloatField(source="indicator.threshold")
    falls = serializers.BooleanField(source="indicator.falls", help_text="Low values are bad, not high ones.")
    action = serializers.CharField(source="indicator.action", help_text="What to do about it.")
    value = serializers.FloatField(allow_null=True, help_text="What it is at now.")
    early = serializers.DateTimeField(allow_null=True, help_text="It has crossed the threshold by then with 10 %.")
    median = serializers.DateTimeField(allow_null=True, help_text="By then with 50 %.")
    late = serializers.DateTimeField(
        allow_null=True, help_text="By then with 90 %; null beside a median: perhaps never."
    )
    urgency = serializers.ChoiceField(choices=Urgency.choices, allow_blank=True, help_text="Empty: nothing to do.")
    expires_at = serializers.DateTimeField(help_text="Until then it may be acted on.")

    class Meta:
        model = Forecast
        fields = [
            "id", "device", "indicator", "label", "unit", "threshold", "falls", "state", "value", "early", "median",
            "late", "held", "urgency", "action", "made_at", "data_until", "expires_at", "snoozed_until",
        ]  # fmt: skip
        read_only_fields = fields


class PutOffSerializer(serializers.Serializer):
    until = serializers.DateTimeField(allow_null=True, help_text="Null takes it back.")

    def validate_until(self, until: Any) -> Any:
        if until is not None and until <= timezone.now():
            raise serializers.ValidationError("That has passed already.")
        return until


class OfIndicatorFilter(OfDeviceFilter):
    indicator = filters.CharFilter(field_name="indicator__key")


class ForecastFilter(OfIndicatorFilter):
    state = filters.MultipleChoiceFilter(choices=ForecastState.choices)
    urgency = filters.MultipleChoiceFilter(choices=Urgency.choices)

    class Meta:
        model = Forecast
        fields: tuple[str, ...] = ()


class ForecastViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """When devices are expected to cross the thresholds of their health indicators."""

    queryset = Forecast.objects.filter(indicator__is_enabled=True).select_related("device__project", "indicator")
    serializer_class = ForecastSerializer
    permission = Permission.SERVICE_DEVICES
    filterset_class = ForecastFilter
    search_fields = ["device__device_id", "device__name", "indicator__label"]
    ordering_fields = ["early", "median", "made_at"]
    ordering = ["early", "pk"]
    lookup_value_regex = NUMBER

    @extend_schema(request=PutOffSerializer, responses=ForecastSerializer, summary="Put off what a forecast asks for")
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        forecast = self.get_object()
        serializer = PutOffSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        service.snooze(forecast, serializer.validated_data["until"], request.user)
        return Response(ForecastSerializer(forecast).data)


class ServiceRecordSerializer(serializers.ModelSerializer):
    device: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="device_id", queryset=Device.objects.none(), help_text="The device ID."
    )
    indicator = serializers.SlugField(
        source="indicator_key", required=False, allow_null=True, max_length=32,
        help_text="The key of the health indicator that begins anew; null: none.",
    )  # fmt: skip
    by: serializers.RelatedField = serializers.SlugRelatedField(slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = ServiceRecord
        fields = ["id", "device", "indicator", "done_at", "note", "by", "created_at"]
        read_only_fields = ["created_at"]

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None:
            related = cast(Any, fields["device"])
            related.queryset = Device.objects.visible_to(request.user).select_related("project")
        return fields

    def to_representation(self, instance: ServiceRecord) -> dict[str, Any]:
        instance.indicator_key = instance.indicator and instance.indicator.key  # type: ignore[attr-defined]
        return super().to_representation(instance)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        key = attrs.pop("indicator_key", None)
        attrs["indicator"] = None
        if key is not None:
            of_type = HealthIndicator.objects.filter(device_type=attrs["device"].device_type_id, key=key)
            attrs["indicator"] = of_type.first()
            if attrs["indicator"] is None:
                raise serializers.ValidationError({"indicator": "Devices of this type have no such indicator."})
        return attrs


class ServiceRecordFilter(OfIndicatorFilter):
    class Meta:
        model = ServiceRecord
        fields: tuple[str, ...] = ()


class ServiceRecordViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin):
    """What was done to devices: what wears begins anew with it, and forecasts are measured by it."""

    queryset = ServiceRecord.objects.select_related("device__project", "indicator", "by")
    serializer_class = ServiceRecordSerializer
    permission = Permission.SERVICE_DEVICES
    filterset_class = ServiceRecordFilter
    search_fields = ["device__device_id", "device__name", "note"]
    ordering_fields = ["done_at"]
    ordering = ["-done_at", "-pk"]
    lookup_value_regex = NUMBER

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        said = serializer.validated_data
        require(self.request.user, self.permission, said["device"].project)
        now = timezone.now()
        serializer.instance = service.record_service(
            said["device"], said["indicator"], self.request.user, done_at=said.get("done_at", now), now=now,
            note=said.get("note", ""),
        )  # fmt: skip


class UnusualSerializer(serializers.Serializer):
    metric = serializers.CharField(source="metric.key")
    label = serializers.CharField(source="metric.label")  # type: ignore[assignment]
    unit = serializers.CharField(source="metric.unit")
    hour = serializers.DateTimeField(source="at", help_text="When the hour began that is looked at.")
    value = serializers.FloatField(help_text="Its mean.")
    usual = serializers.FloatField(help_text="The median of the same hour of the fourteen days before.")
    distance = serializers.SerializerMethodField(help_text="From it, in MADs; null: infinitely far.")
    score = serializers.IntegerField(help_text="0 to 100; from 50 on it is an anomaly.")
    is_anomalous = serializers.BooleanField()

    @extend_schema_field({"type": "number", "nullable": True})
    def get_distance(self, each: Unusualness) -> float | None:
        return None if abs(each.distance) == float("inf") else each.distance


class AnomaliesView(APIView):
    """How unusual what a device says is for the hour of the day."""

    @extend_schema(
        tags=["devices"], summary="Show how unusual a device's metrics are", responses=UnusualSerializer(many=True)
    )
    def get(self, request: Request, device_id: str) -> Response:
        device = get_object_or_404(Device.objects.visible_to(request.user), device_id=device_id)
        return Response(UnusualSerializer(unusual(device, timezone.now()), many=True).data)
