from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from devices.api.scoped import NUMBER, ScopedViewSet
from devices.models import Purge
from devices.permissions import Permission, ProjectScopedQuerySet


class PurgeSerializer(serializers.ModelSerializer):
    project: serializers.RelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    asked_by: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    percent = serializers.IntegerField(read_only=True)
    gone = serializers.DictField(
        child=serializers.IntegerField(), read_only=True, help_text="Rows that went, by what they were."
    )

    class Meta:
        model = Purge
        fields = ["id", "device_id", "name", "project", "asked_by", "asked_at", "percent", "gone", "finished_at"]
        read_only_fields = fields


class PurgeFilter(filters.FilterSet):
    device_id = filters.CharFilter(help_text="The device ID.")
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    finished = filters.BooleanFilter(field_name="finished_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Purge
        fields: tuple[str, ...] = ()


class PurgeViewSet(ScopedViewSet, ReadOnlyModelViewSet):
    """Purges: devices that go, or went, with everything they have sent. For those who manage devices."""

    queryset = Purge.objects.select_related("project", "asked_by")
    serializer_class = PurgeSerializer
    permission = Permission.MANAGE_DEVICES
    filterset_class = PurgeFilter
    lookup_value_regex = NUMBER
    search_fields = ("device_id", "name")
    ordering_fields = ("asked_at", "finished_at", "device_id")
    ordering = ("-asked_at",)

    def get_queryset(self) -> ProjectScopedQuerySet:
        return super().get_queryset().where_user_may(self.request.user, self.permission)
