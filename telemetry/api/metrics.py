from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers

from devices.api.scoped import NUMBER, RowSerializer, ScopedViewSet
from devices.permissions import Permission
from telemetry.api.filters import MetricFilter
from telemetry.models import Metric


class MetricSerializer(RowSerializer):
    device: serializers.RelatedField = serializers.SlugRelatedField(slug_field="device_id", read_only=True)
    latest = serializers.SerializerMethodField(help_text="The newest value; null before the first.")

    class Meta:
        model = Metric
        fields = ["id", "device", "key", "label", "unit", "value_type", "kind", "latest", "last_time"]
        read_only_fields = ["key", "value_type", "kind", "last_time"]

    @extend_schema_field({"oneOf": [{"type": "number"}, {"type": "boolean"}, {"type": "string"}], "nullable": True})
    def get_latest(self, metric: Metric) -> Any:
        return metric.latest


class MetricViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.UpdateModelMixin):
    """Metrics: the series of devices. They appear with the first value; label and unit are for people to change."""

    queryset = Metric.objects.select_related("device__project")
    serializer_class = MetricSerializer
    permission = Permission.MANAGE_DEVICES
    filterset_class = MetricFilter
    lookup_value_regex = NUMBER
    search_fields = ("key", "label", "device__device_id", "device__name")
    ordering_fields = ("key", "label", "device__device_id", "last_time")
    ordering = ("device__name", "device__device_id", "key")
