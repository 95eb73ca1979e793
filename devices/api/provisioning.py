from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.api.errors import Conflict
from devices.api.fields import Named
from devices.api.filters import OfDeviceFilter
from devices.api.scoped import ScopedViewSet, require
from devices.certificates import MAX_PEM
from devices.claims import codes_for
from devices.models import ClaimCode, CredentialKind, Device, DeviceType, Project, ProvisioningKey
from devices.models.device import DEVICE_ID_PATTERN
from devices.permissions import Permission, ProjectScopedQuerySet
from devices.provisioning import Refused, make_key, provision, revoke_key
from devices.rate import is_within, seconds_left

FAILURES_PER_MINUTE = 30


class ProvisionSerializer(serializers.Serializer):
    device_id = serializers.RegexField(f"^{DEVICE_ID_PATTERN}$")
    name = serializers.CharField(max_length=100, required=False)
    kind = serializers.ChoiceField(choices=CredentialKind.choices, default=CredentialKind.MQTT)
    csr = serializers.CharField(
        max_length=MAX_PEM, required=False, help_text="For kind x509: a signing request (PEM) with the device's key."
    )


class ProvisionedSerializer(serializers.Serializer):
    device_id = serializers.CharField()
    project = serializers.CharField()
    kind = serializers.ChoiceField(choices=CredentialKind.choices)
    username = serializers.CharField(allow_null=True, help_text="At the MQTT broker.")
    secret = serializers.CharField(allow_null=True, help_text="API key, MQTT password or private key. Told this once.")
    certificate = serializers.CharField(allow_null=True)
    authority = serializers.CharField(allow_null=True, help_text="The certificate of the authority that signed it.")
    expires_at = serializers.DateTimeField(allow_null=True)


class Refusal(APIException):
    def __init__(self, refused: Refused) -> None:
        self.status_code = refused.status
        super().__init__(str(refused))


class ProvisionView(APIView):
    """Register a new device with a provisioning key, and give it its credential.

    The key goes into `Authorization: Bearer prov_…`.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        tags=["provision"],
        summary="Register this device",
        auth=[{"provisioningKey": []}],  # type: ignore[list-item]
        request=ProvisionSerializer,
        responses={
            201: ProvisionedSerializer,
            401: OpenApiResponse(description="There is no such key in force."),
            403: OpenApiResponse(description="The project takes no devices by key at the moment."),
            409: OpenApiResponse(description="A device of this name is registered already."),
            429: OpenApiResponse(description="Too many devices at once. Retry-After says how long to wait."),
        },
    )
    def post(self, request: Request) -> Response:
        address = request.META.get("REMOTE_ADDR", "")
        wanted = ProvisionSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        try:
            done = provision(shown.strip() if scheme.lower() == "bearer" else "", **wanted.validated_data)
        except Refused as refused:
            if refused.status == 429 or not is_within(f"provision-failures:{address}", FAILURES_PER_MINUTE):
                raise Throttled(seconds_left(), str(refused)) from refused
            raise Refusal(refused) from refused
        return Response(done.answer(), status=201, headers={"Cache-Control": "no-store"})


class ProvisioningKeySerializer(serializers.ModelSerializer):
    project = Named(slug_field="slug", queryset=Project.objects.all())
    device_type = Named(slug_field="slug", queryset=DeviceType.objects.all(), required=False, allow_null=True)
    is_live = serializers.BooleanField(read_only=True)

    class Meta:
        model = ProvisioningKey
        fields = [
            "public_id",
            "project",
            "device_type",
            "note",
            "most_devices",
            "used",
            "is_live",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        ]
        read_only_fields = ["public_id", "used", "created_at", "revoked_at", "last_used_at"]


class MadeKeySerializer(ProvisioningKeySerializer):
    secret = serializers.SerializerMethodField(help_text="What devices show. Never told again.")

    class Meta(ProvisioningKeySerializer.Meta):
        fields = [*ProvisioningKeySerializer.Meta.fields, "secret"]

    def get_secret(self, _: ProvisioningKey) -> str:
        return self.context["secret"]


class ProvisioningKeyViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Provisioning keys, for those who manage credentials. The key is in the answer that makes it, never again."""

    queryset = ProvisioningKey.objects.select_related("project", "device_type")
    serializer_class = ProvisioningKeySerializer
    permission = Permission.MANAGE_CREDENTIALS
    lookup_field = "public_id"
    lookup_value_regex = "[0-9a-f]{16}"
    search_fields = ("public_id", "note")
    ordering_fields = ("created_at", "expires_at", "last_used_at")
    ordering = ("-created_at",)

    def get_queryset(self) -> ProjectScopedQuerySet:
        return super().get_queryset().where_user_may(self.request.user, self.permission)

    @extend_schema(responses={201: MadeKeySerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        require(request.user, self.permission, wanted["project"])
        try:
            key, secret = make_key(by=cast(Any, request.user), **wanted)
        except DjangoValidationError as error:
            raise Conflict(" ".join(error.messages)) from error
        made = MadeKeySerializer(key, context={"secret": secret})
        return Response(made.data, status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(summary="Revoke a provisioning key", request=None, responses=ProvisioningKeySerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, public_id: str) -> Response:
        """Let no more devices in with it. Those that came with it stay. Once more does no harm."""
        key = self.get_object()
        revoke_key(key, request.user)
        return Response(self.get_serializer(key).data)


class ClaimCodeSerializer(serializers.ModelSerializer):
    device: serializers.RelatedField = Named(slug_field="device_id", queryset=Device.objects.all())
    project = serializers.CharField(source="device.project.slug", read_only=True)
    claimed_by: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )

    class Meta:
        model = ClaimCode
        fields = ["code", "device", "project", "created_at", "claimed_at", "claimed_by"]
        read_only_fields = ["code", "created_at", "claimed_at"]


class ClaimCodeFilter(OfDeviceFilter):
    is_claimed = filters.BooleanFilter(field_name="claimed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = ClaimCode
        fields: tuple[str, ...] = ()


class ClaimCodeViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What is printed on devices, for those who manage them. `/claim/{code}/` puts a device into service."""

    queryset = ClaimCode.objects.select_related("device__project", "claimed_by")
    serializer_class = ClaimCodeSerializer
    permission = Permission.MANAGE_DEVICES
    filterset_class = ClaimCodeFilter
    lookup_field = "code"
    lookup_value_regex = "[0-9A-Z-]{1,32}"
    search_fields = ("code", "device__device_id", "device__name")
    ordering_fields = ("created_at", "claimed_at")
    ordering = ("-created_at",)

    def get_queryset(self) -> ProjectScopedQuerySet:
        return super().get_queryset().where_user_may(self.request.user, self.permission)

    @extend_schema(responses={201: ClaimCodeSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A code of the device that nobody has claimed yet: the one it has, or a new one."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        device = serializer.validated_data["device"]
        require(request.user, self.permission, device.project)
        [code] = codes_for([device], request.user)
        return Response(self.get_serializer(code).data, status=201)
