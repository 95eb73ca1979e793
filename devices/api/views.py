from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ModelViewSet, ReadOnlyModelViewSet

from devices.api.errors import Conflict
from devices.api.filters import CredentialFilter, DeviceFilter, MemberFilter
from devices.api.purges import PurgeSerializer
from devices.api.scoped import NUMBER, ScopedViewSet, require
from devices.api.serializers import (
    DEVICE_COLUMNS,
    CloneSerializer,
    CredentialSerializer,
    DeviceSerializer,
    DeviceTypeSerializer,
    IssuedCredentialSerializer,
    MemberSerializer,
    ProjectSerializer,
    ReplacementSerializer,
    WantedCredentialSerializer,
    WholeCredentialSerializer,
)
from devices.credentials import issue, revoke
from devices.hardware import clone, replace_hardware
from devices.models import Credential, Device, DeviceType, Membership, Project
from devices.models.device import DEVICE_ID_PATTERN
from devices.permissions import Permission, ProjectScopedQuerySet
from devices.removal import archive, ask_for_purge

KEEP, PURGE = "keep", "purge"
ANY_SLUG = r"[-a-zA-Z0-9_]{1,64}"


class ProjectViewSet(ScopedViewSet, ModelViewSet):
    """Projects: whose devices. Superusers make and remove them, a project's administrators change its settings."""

    queryset = Project.objects.select_related("retention_class")
    serializer_class = ProjectSerializer
    permission = Permission.MANAGE_PROJECT
    lookup_field = "slug"
    lookup_value_regex = ANY_SLUG
    search_fields = ("name", "slug")
    ordering_fields = ("name", "slug", "created_at")
    ordering = ("name",)

    def check_may_create(self) -> None:
        self._superusers_only("make")

    def perform_create(self, serializer: BaseSerializer) -> None:
        serializer.save()

    def perform_destroy(self, instance: Project) -> None:
        self._superusers_only("remove")
        if instance.devices.exists():
            raise Conflict(f"{instance} still has devices. Remove them or move them to another project first.")
        instance.delete()

    def _superusers_only(self, verb: str) -> None:
        if not getattr(self.request.user, "is_superuser", False):
            raise PermissionDenied(f"Only superusers {verb} projects.")


class MemberViewSet(ScopedViewSet, ModelViewSet):
    """Members: who is in which project, in which role."""

    queryset = Membership.objects.select_related("project", "user")
    serializer_class = MemberSerializer
    permission = Permission.MANAGE_MEMBERS
    filterset_class = MemberFilter
    lookup_value_regex = NUMBER
    search_fields = ("user__username", "user__first_name", "user__last_name", "project__name")
    ordering_fields = ("project__name", "user__username", "role")
    ordering = ("project__name", "user__username")


class DeviceTypeViewSet(ReadOnlyModelViewSet):
    """Device types: what devices of one make send, and how it is shown. They are edited in the admin."""

    queryset = DeviceType.objects.prefetch_related("metrics")
    serializer_class = DeviceTypeSerializer
    lookup_field = "slug"
    lookup_value_regex = ANY_SLUG
    search_fields = ("name", "slug", "description")
    ordering_fields = ("name", "slug")
    ordering = ("name",)


class DeviceViewSet(ScopedViewSet, ModelViewSet):
    """Devices, addressed by their device ID. Archived ones are listed when `lifecycle` asks for them."""

    queryset = Device.objects.select_related("project", "device_type", "parent")
    serializer_class = DeviceSerializer
    permission = Permission.MANAGE_DEVICES
    filterset_class = DeviceFilter
    lookup_field = "device_id"
    lookup_value_regex = DEVICE_ID_PATTERN
    search_fields = ("device_id", "name", "hostname", "location")
    ordering_fields = ("name", "device_id", "presence", "lifecycle", "last_message", "created_at")
    ordering = ("name", "device_id")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Archived devices are listed where somebody asks for them."""
        found = super().filter_queryset(queryset)
        asked = any(self.request.query_params.getlist("lifecycle"))
        return found.in_service() if self.action == "list" and not asked else found  # type: ignore[attr-defined]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        devices = self.filter_queryset(self.get_queryset().select_related(None))
        rows: Any = self.paginate_queryset(devices.values_list(*DEVICE_COLUMNS.values()))
        return self.get_paginated_response([dict(zip(DEVICE_COLUMNS, row, strict=True)) for row in rows])

    @extend_schema(
        summary="Remove a device",
        parameters=[
            OpenApiParameter(
                "telemetry",
                enum=[KEEP, PURGE],
                default=KEEP,
                description="What becomes of what it has sent. `keep`: the device is archived. `purge`: it all goes.",
            )
        ],
        responses={204: OpenApiResponse(description="It is archived."), 202: PurgeSerializer},
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Archived: it takes nothing in any more and its history stays. Purged: a worker deletes it with everything it
        has sent; the answer says how far that is, and `Location` where to ask again.
        """
        device = self.get_object()
        fate = request.query_params.get("telemetry", KEEP)
        if fate == KEEP:
            archive([device], request.user)
            return Response(status=204)
        if fate != PURGE:
            raise ValidationError({"telemetry": f"Either {KEEP} or {PURGE}."})
        [purge] = ask_for_purge([device], request.user)
        answer = PurgeSerializer(purge).data
        return Response(
            answer, status=202, headers={"Location": reverse("api:purge-detail", [purge.pk], request=request)}
        )

    @extend_schema(
        summary="Replace a device's hardware",
        request=ReplacementSerializer,
        responses={201: IssuedCredentialSerializer},
    )
    @action(detail=True, methods=["post"], url_path="replace-hardware")
    def replace_hardware(self, request: Request, device_id: str) -> Response:
        """What was recorded stays, the credentials of the old hardware are revoked, and a new one is issued."""
        device = self.get_object()
        require(request.user, Permission.MANAGE_CREDENTIALS, device.project)
        wanted = ReplacementSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        return issued(replace_hardware, device, request.user, **wanted.validated_data)

    @extend_schema(summary="Clone a device", request=CloneSerializer, responses={201: DeviceSerializer})
    @action(detail=True, methods=["post"])
    def clone(self, request: Request, device_id: str) -> Response:
        """Another device with the same project, type, parent, labels and location; without credentials."""
        device = self.get_object()
        wanted = CloneSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            cloned = clone(device, cast(Any, request.user), **wanted.validated_data)
        except DjangoValidationError as error:
            raise ValidationError(error.message_dict) from error
        return Response(self.get_serializer(cloned).data, status=201)


def issued(verb: Any, *args: Any, **wanted: Any) -> Response:
    """The one answer with the secret of what `verb` issues; 409 when it cannot."""
    try:
        credential, secret = verb(*args, **wanted)
    except DjangoValidationError as error:
        raise Conflict(" ".join(error.messages)) from error
    answer = IssuedCredentialSerializer(credential, context={"secret": secret})
    return Response(answer.data, status=201, headers={"Cache-Control": "no-store"})


class CredentialViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Credentials of devices, for those who manage them. The secret is in the answer that creates one, never again."""

    queryset = Credential.objects.select_related("device__project", "created_by")
    serializer_class = CredentialSerializer
    permission = Permission.MANAGE_CREDENTIALS
    filterset_class = CredentialFilter
    lookup_field = "public_id"
    lookup_value_regex = "[0-9a-f]{16}"
    search_fields = ("public_id", "note", "device__device_id", "device__name")
    ordering_fields = ("created_at", "expires_at", "last_used_at")
    ordering = ("-created_at",)

    def get_queryset(self) -> ProjectScopedQuerySet:
        return super().get_queryset().where_user_may(self.request.user, self.permission)

    def get_serializer_class(self) -> type[BaseSerializer]:
        special = {"create": WantedCredentialSerializer, "retrieve": WholeCredentialSerializer}
        return special.get(self.action) or super().get_serializer_class()

    @extend_schema(responses={201: IssuedCredentialSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        require(request.user, self.permission, wanted["device"].project)
        return issued(issue, by=request.user, **wanted)

    @extend_schema(summary="Revoke a credential", request=None, responses=CredentialSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, public_id: str) -> Response:
        """Make the secret worthless now and cut the device's connection. Once more does no harm."""
        credential = self.get_object()
        revoke(credential, request.user)
        return Response(self.get_serializer(credential).data)
