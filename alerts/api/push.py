"""Browsers that tell a person of alerts while no page of the portal is open."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from alerts.models import PushSubscription
from alerts.notify import vapid
from devices.api.scoped import NUMBER, RowSerializer

MOST_BROWSERS = 20


class KeySerializer(serializers.Serializer):
    public_key = serializers.CharField(help_text="What browsers call the applicationServerKey.")


class PushSubscriptionSerializer(RowSerializer):
    """As browsers say it: `PushSubscription.toJSON()` with its keys beside the endpoint."""

    class Meta:
        model = PushSubscription
        fields = ["id", "name", "endpoint", "p256dh", "auth", "created_at"]
        read_only_fields = ["created_at"]
        # The same browser again is no mistake: see create().
        extra_kwargs = {"endpoint": {"validators": []}, "p256dh": {"write_only": True}, "auth": {"write_only": True}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        PushSubscription(**attrs, user=self.context["request"].user).clean()
        if len(attrs["endpoint"]) > 700:
            raise serializers.ValidationError({"endpoint": "It has 700 characters at most."})
        return attrs

    def create(self, validated_data: dict[str, Any]) -> PushSubscription:
        """A browser is somebody's: of two people who use it one after the other, the last."""
        endpoint = validated_data.pop("endpoint")
        user = self.context["request"].user
        with transaction.atomic():
            PushSubscription.objects.filter(endpoint=endpoint).exclude(user=user.pk).delete()
            subscription, _ = PushSubscription.objects.update_or_create(
                endpoint=endpoint, defaults={**validated_data, "user": user}
            )
            # Browsers forget; what they have forgotten is not told to all of them for ever.
            kept = PushSubscription.objects.filter(user=user.pk).order_by("-pk")[:MOST_BROWSERS]
            PushSubscription.objects.filter(user=user.pk).exclude(pk__in=[each.pk for each in kept]).delete()
        return subscription


class PushSubscriptionViewSet(mixins.ListModelMixin, mixins.CreateModelMixin, mixins.DestroyModelMixin, GenericViewSet):
    """One's own browsers that show alerts while no page is open."""

    queryset = PushSubscription.objects.all()
    serializer_class = PushSubscriptionSerializer
    permission_classes = (IsAuthenticated,)
    lookup_value_regex = NUMBER
    search_fields = ("name",)
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)

    def get_queryset(self) -> QuerySet[PushSubscription]:
        return super().get_queryset().filter(user=self.request.user.pk)

    @extend_schema(summary="Show the portal's public key", responses=KeySerializer, filters=False)
    @action(detail=False, pagination_class=None, search_fields=(), ordering_fields=())
    def key(self, request: Request) -> Response:
        """Browsers subscribe with it, and take messages from nobody else."""
        return Response({"public_key": vapid.public_key()})
