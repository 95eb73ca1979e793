"""Servers and what they measured, in the words of server monitoring. A server is a device of the type `server`."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from devices.api.query import QuerySerializer
from devices.api.scoped import ScopedViewSet
from devices.models import Device, Presence
from devices.permissions import Permission
from devices.shipped_types import SERVER
from telemetry.api.fields import TimeField
from telemetry.models import Metric, Reading

PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
USAGES = {"cpu": "cpu_usage", "memory": "memory_usage", "disk": "disk_usage"}


class ServerFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    status = filters.MultipleChoiceFilter(field_name="presence", choices=Presence.choices)

    class Meta:
        model = Device
        fields: tuple[str, ...] = ()


class ServerSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid", read_only=True)
    status = serializers.ChoiceField(source="presence", choices=Presence.choices, read_only=True)
    project = serializers.CharField(source="project.slug", read_only=True, help_text="The project's slug.")

    class Meta:
        model = Device
        fields = ["id", "name", "hostname", "ip_address", "status", "device_id", "project", "last_message"]
        read_only_fields = fields


class SnapshotQuery(QuerySerializer):
    """Which snapshots are asked for."""

    to = TimeField(required=False, help_text="The end, itself not in it. Without a zone it is UTC.")
    page_size = serializers.IntegerField(
        default=PAGE_SIZE, min_value=1, max_value=MAX_PAGE_SIZE, help_text="How many at once."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` cannot be the name of an attribute.
        start = TimeField(required=False, help_text="The beginning. Without a zone it is UTC.")
        return {"from": start, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["from"] >= attrs["to"]:
            raise serializers.ValidationError({"from": "It must be before `to`."})
        return attrs


class SnapshotSerializer(serializers.Serializer):
    server_id = serializers.UUIDField()
    timestamp = serializers.DateTimeField()
    cpu_usage = serializers.FloatField(allow_null=True, help_text="Percent. Null: the server did not say.")
    memory_usage = serializers.FloatField(allow_null=True, help_text="Percent.")
    disk_usage = serializers.FloatField(allow_null=True, help_text="Percent of the fullest file system.")


class SnapshotsSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True, help_text="Where older ones are; null when there are none.")
    results = SnapshotSerializer(many=True)


@extend_schema_view(
    list=extend_schema(summary="List servers"),
    retrieve=extend_schema(summary="Show a server"),
)
class ServerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """Servers: devices of the type `server`, whose agents report once a minute. All else of them is at `devices/`."""

    queryset = Device.objects.in_service().filter(device_type__slug=SERVER["slug"]).select_related("project")
    serializer_class = ServerSerializer
    permission = Permission.MANAGE_DEVICES
    filterset_class = ServerFilter
    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    search_fields = ("name", "hostname", "ip_address", "device_id")
    ordering_fields = ("name", "hostname", "ip_address", "last_message")
    ordering = ("name",)

    @extend_schema(
        summary="What a server measured",
        description="Snapshots of a server, the newest first, for as long as single readings are kept.",
        parameters=[SnapshotQuery],
        responses=SnapshotsSerializer,
        filters=False,
    )
    @action(detail=True, pagination_class=None)
    def metrics(self, request: Request, id: str) -> Response:  # noqa: A002 (the seed's word, in the address)
        server = self.get_object()
        query = SnapshotQuery(data={name: ",".join(values) for name, values in request.query_params.lists()})
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        found = snapshots(server, asked.get("from"), asked.get("to"), asked["page_size"] + 1)
        page, more = found[: asked["page_size"]], len(found) > asked["page_size"]
        older = page[-1]["timestamp"].isoformat().replace("+00:00", "Z") if more else ""
        link = replace_query_param(request.build_absolute_uri(), "to", older) if more else None
        return Response({"next": link, "results": page})


def snapshots(server: Device, start: datetime | None, end: datetime | None, most: int) -> list[dict[str, Any]]:
    """The newest `most` moments in [start, end) of which a server has reported a usage, with all it reported then."""
    moments: dict[datetime, dict[str, float | None]] = {}
    for key, pk in Metric.objects.filter(device=server, key__in=USAGES).values_list("key", "pk"):
        # The newest of all of them are among the newest of each.
        for time, value in _between(pk, start, end).values_list("time", "value")[:most]:
            moments.setdefault(time, {})[USAGES[key]] = value
    newest = sorted(moments, reverse=True)[:most]
    nothing: dict[str, float | None] = dict.fromkeys(USAGES.values())
    return [{"server_id": server.uuid, "timestamp": time, **nothing, **moments[time]} for time in newest]


def _between(metric_id: int, start: datetime | None, end: datetime | None) -> QuerySet[Reading]:
    readings = Reading.objects.filter(metric_id=metric_id, value__isnull=False).order_by("-time")
    if start is not None:
        readings = readings.filter(time__gte=start)
    return readings if end is None else readings.filter(time__lt=end)
