from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.api.errors import Conflict, PreconditionFailed
from devices.api.etags import version_in
from devices.api.scoped import require
from devices.models import Device, Twin
from devices.permissions import Permission
from devices.twin import NoSettings, Stale, desire, twin_of

ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200], description="The version, in quotes.")
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description='The ETag of the twin that you have seen, such as `"3"`: somebody else may have changed it since then.',
)


class TwinSerializer(serializers.ModelSerializer):
    device: serializers.RelatedField = serializers.SlugRelatedField(slug_field="device_id", read_only=True)
    desired = serializers.DictField(help_text="What people want.")
    reported = serializers.DictField(help_text="What the device says of itself.")
    delta = serializers.DictField(help_text="What is desired and not reported.")
    pending = serializers.DictField(
        child=serializers.DateTimeField(), help_text="Since when the device owes it, by the keys of `delta`."
    )
    settings_schema = serializers.SerializerMethodField(help_text="What its type accepts, as JSON Schema.")

    class Meta:
        model = Twin
        fields = [
            "device",
            "version",
            "desired",
            "desired_at",
            "reported",
            "reported_version",
            "reported_at",
            "delta",
            "pending",
            "settings_schema",
        ]
        read_only_fields = fields

    def get_settings_schema(self, twin: Twin) -> dict[str, Any]:
        return twin.device.device_type.settings_schema if twin.device.device_type else {}


class DesiredSerializer(serializers.Serializer):
    desired = serializers.DictField(help_text="A merge patch: what is not in it stays, null takes a setting back.")


class TwinView(APIView):
    """The twin of a device: what is desired of it, what it reports, and what it still owes."""

    pagination_class: type[BasePagination] | None = None

    @extend_schema(tags=["devices"], summary="Show the twin", parameters=[ETAG], responses=TwinSerializer)
    def get(self, request: Request, device_id: str) -> Response:
        return _answer(twin_of(_device(request, device_id)))

    @extend_schema(
        tags=["devices"],
        summary="Change what is desired",
        parameters=[IF_MATCH, ETAG],
        request=DesiredSerializer,
        responses={
            200: TwinSerializer,
            412: OpenApiResponse(description="Somebody else has changed it since then. Look at it again, then decide."),
        },
    )
    def patch(self, request: Request, device_id: str) -> Response:
        device = _device(request, device_id)
        require(request.user, Permission.EDIT_TWIN, device.project)
        serializer = DesiredSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        version = version_in(request.headers.get("If-Match"))
        try:
            return _answer(desire(device, serializer.validated_data["desired"], request.user, version=version))
        except Stale as error:
            raise PreconditionFailed(str(error)) from error
        except NoSettings as error:
            raise Conflict(str(error)) from error
        except DjangoValidationError as error:
            raise ValidationError({"desired": error.messages}) from error


def _device(request: Request, device_id: str) -> Device:
    devices = Device.objects.visible_to(request.user).select_related("project", "device_type")
    return get_object_or_404(devices, device_id=device_id)


def _answer(twin: Twin) -> Response:
    return Response(TwinSerializer(twin).data, headers={"ETag": f'"{twin.version}"'})
