from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from devices.api.filters import OfDeviceFilter
from devices.api.scoped import NUMBER, ScopedViewSet
from devices.permissions import Permission, ProjectScopedQuerySet
from telemetry.models import Door, RejectedMessage
from telemetry.models.rejected import RejectedMessageQuerySet
from telemetry.reasons import Reason


class ProblemSerializer(serializers.Serializer):
    reason = serializers.ChoiceField(choices=Reason.choices)
    key = serializers.CharField(help_text="Empty: all of the message.")
    detail = serializers.CharField()
    count = serializers.IntegerField(help_text="How many values.")


class RejectedMessageSerializer(serializers.ModelSerializer):
    device: serializers.RelatedField = serializers.SlugRelatedField(slug_field="device_id", read_only=True)
    items = ProblemSerializer(many=True, read_only=True, help_text="What was wrong.")
    body = serializers.SerializerMethodField(help_text="As it came; what is no UTF-8 is replaced.")

    class Meta:
        model = RejectedMessage
        fields = ["id", "device", "door", "received_at", "items", "body", "is_whole"]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_body(self, message: RejectedMessage) -> str:
        return bytes(message.body).decode("utf-8", "replace")


class RejectedMessageFilter(OfDeviceFilter):
    door = filters.MultipleChoiceFilter(choices=Door.choices)
    reason = filters.ChoiceFilter(choices=Reason.choices, method="because_of")

    class Meta:
        model = RejectedMessage
        fields: tuple[str, ...] = ()

    def because_of(self, messages: RejectedMessageQuerySet, name: str, reason: str) -> RejectedMessageQuerySet:
        return messages.because_of(reason)


class RejectedMessageViewSet(ScopedViewSet, ReadOnlyModelViewSet):
    """Messages of which something was rejected, for those who manage devices. In the admin they are taken in again."""

    queryset = RejectedMessage.objects.select_related("device")
    serializer_class = RejectedMessageSerializer
    permission = Permission.MANAGE_DEVICES
    filterset_class = RejectedMessageFilter
    lookup_value_regex = NUMBER
    search_fields = ("sender", "items")
    ordering_fields = ("received_at",)
    ordering = ("-received_at",)

    def get_queryset(self) -> ProjectScopedQuerySet:
        return super().get_queryset().where_user_may(self.request.user, self.permission)
