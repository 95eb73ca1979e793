"""The HTTP door for devices that ask what they are to do: commands and twin, with an API key."""

from typing import Any, cast

import structlog
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.api.errors import Conflict
from devices.command_states import REPLIES, CommandStatus
from devices.commands import hand_over, message, read_reply, reply
from devices.firmware.download import answer
from devices.firmware.views import update_in_force
from devices.models import Credential, Device, Lifecycle, Twin, Way
from devices.twin import Stale, read_report, report, twin_of
from telemetry.api.telemetry import ApiKeyAuthentication, PerCredential, Unavailable

log = structlog.get_logger(__name__)

REPLY_CHOICES = [(status.value, status.label) for status in REPLIES]
NO_UPDATE = "The device has not been told to update its firmware, or has ended doing so."
NO_COMMAND = "There is no such command for this device."
TOO_OFTEN = OpenApiResponse(description="Too many requests with this key. Retry-After says how long.")
AWAY = OpenApiResponse(description=Unavailable.default_detail)


class DeviceView(APIView):
    """For one device, which the API key names."""

    authentication_classes = (ApiKeyAuthentication,)
    permission_classes = (AllowAny,)  # whoever comes here has a key
    throttle_classes = (PerCredential,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.device: Device = cast(Credential, request.auth).device
        if self.device.lifecycle != Lifecycle.ACTIVE:
            raise PermissionDenied(f"The device is {self.device.lifecycle}.")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError | InterfaceError):
            log.warning("a device is turned away: the database does not answer", error=str(exc))
            exc = Unavailable()
        return super().handle_exception(exc)


class HandedOverSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    params = serializers.DictField()
    expires = serializers.DateTimeField(help_text="Do not begin with it later.")
    trace_id = serializers.CharField(required=False)


class CommandsForDeviceSerializer(serializers.Serializer):
    commands = HandedOverSerializer(many=True)


class ReplySerializer(serializers.Serializer):
    status = serializers.ChoiceField(choices=REPLY_CHOICES)
    result = serializers.JSONField(required=False, allow_null=True, help_text="Anything worth keeping, up to 8 KiB.")
    reason = serializers.CharField(required=False, allow_null=True, allow_blank=True, help_text="Why not.")


class CommandStandsSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=CommandStatus.choices)


class TwinForDeviceSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    desired = serializers.DictField()
    reported = serializers.DictField()
    delta = serializers.DictField(help_text="What is desired and not reported.")


class ReportSerializer(serializers.Serializer):
    state = serializers.DictField(help_text="A merge patch of what the device reports.")
    version = serializers.IntegerField(
        min_value=0, required=False, allow_null=True, help_text="The newest desired version that the device has seen."
    )


class DeviceCommandsView(DeviceView):
    @extend_schema(
        tags=["device"],
        summary="Fetch the commands that wait",
        operation_id="fetch_commands",
        responses={200: CommandsForDeviceSerializer, 429: TOO_OFTEN, 503: AWAY},
    )
    def get(self, request: Request) -> Response:
        """Oldest first. Each is handed over again until the device replies, so know them by their id."""
        now = timezone.now()
        commands = [message(command, now) for command in hand_over(self.device, Way.HTTP)]
        return Response({"commands": commands}, headers={"Cache-Control": "no-store"})


class DeviceReplyView(DeviceView):
    @extend_schema(
        tags=["device"],
        summary="Reply to a command",
        operation_id="reply_to_command",
        request=ReplySerializer,
        responses={
            200: CommandStandsSerializer,
            404: OpenApiResponse(description=NO_COMMAND),
            429: TOO_OFTEN,
            503: AWAY,
        },
    )
    def post(self, request: Request, command_id: str) -> Response:
        """`delivered` when the device has it, then how it ended. The answer says how the command stands: what comes
        too late is noted, but changes nothing.
        """
        command = reply(self.device, command_id, _read(read_reply, request.data))
        if command is None:
            raise NotFound(NO_COMMAND)
        return Response({"id": str(command.pk), "status": command.status})


class DeviceFirmwareView(DeviceView):
    @extend_schema(
        tags=["device"],
        summary="Download the firmware to update to",
        operation_id="download_firmware",
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            404: OpenApiResponse(description=NO_UPDATE),
            416: OpenApiResponse(description="The file has no such part."),
            429: TOO_OFTEN,
            503: AWAY,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The file of the update that the device has been told of, or the part of it that `Range` asks for."""
        update = update_in_force(device=self.device)
        if update is None:
            raise NotFound(NO_UPDATE)
        return answer(request, update.campaign.package)


class DeviceTwinView(DeviceView):
    @extend_schema(
        tags=["device"],
        summary="Show the device its twin",
        operation_id="show_device_its_twin",
        responses={200: TwinForDeviceSerializer, 429: TOO_OFTEN, 503: AWAY},
    )
    def get(self, request: Request) -> Response:
        return _twin(twin_of(self.device))

    @extend_schema(
        tags=["device"],
        summary="Report what the device is set to",
        operation_id="report_twin",
        request=ReportSerializer,
        responses={
            200: TwinForDeviceSerializer,
            409: OpenApiResponse(description="A newer report has overtaken this one."),
            429: TOO_OFTEN,
            503: AWAY,
        },
    )
    def patch(self, request: Request) -> Response:
        state, version = _read(read_report, request.data)
        try:
            return _twin(report(self.device, state, version=version))
        except Stale as error:
            raise Conflict(f"Version {error.version} has been reported before.") from error
        except DjangoValidationError as error:
            raise _problem(error) from error


def _read(read: Any, data: Any) -> Any:
    try:
        return read(data)
    except DjangoValidationError as error:
        raise _problem(error) from error


def _problem(error: DjangoValidationError) -> ValidationError:
    return ValidationError(error.message_dict if hasattr(error, "error_dict") else error.messages)


def _twin(twin: Twin) -> Response:
    answer = {"version": twin.version, "desired": twin.desired, "reported": twin.reported, "delta": twin.delta}
    return Response(answer, headers={"Cache-Control": "no-store"})
