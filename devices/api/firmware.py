"""Firmware over REST: packages, campaigns, and what becomes of them on each device."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.fields import empty
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from devices.api.errors import Conflict
from devices.api.fields import Named
from devices.api.once import IDEMPOTENCY_KEY, once
from devices.api.scoped import NUMBER, ScopedViewSet, require
from devices.firmware import rollout
from devices.firmware.packages import check_file, remove, take_in
from devices.firmware.states import UpdateStatus
from devices.firmware.targets import MOST_DEVICES, SkipReason, choose, plan
from devices.firmware.waves import MOST_WAVES, checked_waves
from devices.models import (
    CampaignStatus,
    DeviceType,
    FirmwareCampaign,
    FirmwarePackage,
    FirmwareStep,
    FirmwareUpdate,
    Project,
)
from devices.models.firmware import VERSION_PATTERN
from devices.permissions import Permission


class FirmwarePackageSerializer(serializers.ModelSerializer):
    project: serializers.RelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    device_type: serializers.RelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    created_by: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )

    class Meta:
        model = FirmwarePackage
        fields = [
            "id", "project", "device_type", "version", "size", "sha256", "signature", "notes", "created_at",
            "created_by",
        ]  # fmt: skip
        read_only_fields = fields


class UploadSerializer(serializers.Serializer):
    project = Named(slug_field="slug", queryset=Project.objects.all())
    device_type = Named(slug_field="slug", queryset=DeviceType.objects.all())
    version = serializers.RegexField(f"^{VERSION_PATTERN}$", help_text="As devices report it when they run it.")
    file = serializers.FileField()
    notes = serializers.CharField(max_length=5000, required=False, allow_blank=True)

    def validate_file(self, file: Any) -> Any:
        try:
            check_file(file)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        return file


class FirmwarePackageFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    device_type = filters.CharFilter(field_name="device_type__slug", help_text="The type's slug.")
    version = filters.CharFilter()

    class Meta:
        model = FirmwarePackage
        fields: tuple[str, ...] = ()


class FirmwarePackageViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin):
    """Packages of firmware. They are uploaded and removed, never changed."""

    queryset = FirmwarePackage.objects.select_related("project", "device_type", "created_by")
    serializer_class = FirmwarePackageSerializer
    permission = Permission.MANAGE_FIRMWARE
    filterset_class = FirmwarePackageFilter
    parser_classes = (MultiPartParser,)
    lookup_value_regex = NUMBER
    search_fields = ("version", "notes")
    ordering_fields = ("created_at", "version", "size")
    ordering = ("-created_at",)

    @extend_schema(
        summary="Upload a firmware package",
        request={"multipart/form-data": UploadSerializer},
        responses={201: FirmwarePackageSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = UploadSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        require(request.user, self.permission, wanted["project"])
        try:
            package = take_in(request.user, **wanted)
        except DjangoValidationError as error:
            raise Conflict(" ".join(error.messages)) from error
        return Response(self.get_serializer(package).data, status=201)

    def perform_destroy(self, instance: FirmwarePackage) -> None:
        remove(instance, self.request.user)


class Seconds(serializers.IntegerField):
    """A time span; the model says how long it may be."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=90 * 24 * 3600, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        return timedelta(seconds=super().run_validation(data))

    def to_representation(self, value: Any) -> int:
        return int(value.total_seconds())


class FirmwareCampaignSerializer(serializers.ModelSerializer):
    package = serializers.IntegerField(source="package_id", read_only=True)
    project = serializers.CharField(source="package.project.slug", read_only=True)
    device_type = serializers.CharField(source="package.device_type.slug", read_only=True)
    version = serializers.CharField(source="package.version", read_only=True)
    waves = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_by: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    devices = serializers.IntegerField(source="device_count", read_only=True)
    updated = serializers.IntegerField(source="updated_count", read_only=True)
    failed = serializers.IntegerField(source="failed_count", read_only=True)
    cancelled = serializers.IntegerField(source="cancelled_count", read_only=True)
    soak = Seconds(read_only=True)
    timeout = Seconds(read_only=True)
    expires_after = Seconds(read_only=True)
    open = serializers.IntegerField(source="open_count", read_only=True, help_text="Those that have not ended.")

    class Meta:
        model = FirmwareCampaign
        fields = [
            "id", "package", "project", "device_type", "version", "target", "status", "wave", "waves", "due_at", "soak",
            "most_failed", "most_failed_percent", "timeout", "expires_after", "devices", "updated", "failed",
            "cancelled", "open", "created_at", "created_by", "changed_at",
        ]  # fmt: skip
        read_only_fields = fields


class RolloutSerializer(serializers.Serializer):
    """Whom a package is for: its type's devices, those of them with a `label`, or `devices`; and how to go about it."""

    package = serializers.PrimaryKeyRelatedField(queryset=FirmwarePackage.objects.select_related("project"))
    devices = serializers.ListField(
        child=serializers.CharField(max_length=64), min_length=1, max_length=MOST_DEVICES, required=False,
        help_text="Device IDs.",
    )  # fmt: skip
    label = serializers.CharField(max_length=40, required=False)  # type: ignore[assignment]
    waves = serializers.ListField(
        child=serializers.CharField(max_length=8), min_length=1, max_length=MOST_WAVES, required=False,
        help_text='Numbers of devices, percents, and `rest` at the end: `["1", "10%", "rest"]`.',
    )  # fmt: skip
    soak = Seconds(required=False, help_text="Seconds for which a wave is watched before the next begins.")
    most_failed = serializers.IntegerField(min_value=0, max_value=MOST_DEVICES, required=False, allow_null=True)
    most_failed_percent = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)
    timeout = Seconds(required=False, help_text="Seconds in which a device must run it once it was told.")
    expires_after = Seconds(required=False, help_text="Seconds for which devices that are away are waited for.")
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Say who would be sent it and who would not, and begin nothing."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        if "request" in self.context:
            packages: Any = cast(Any, fields["package"]).queryset
            cast(Any, fields["package"]).queryset = packages.visible_to(self.context["request"].user)
        return fields

    def validate_waves(self, waves: list[str]) -> list[str]:
        try:
            return checked_waves(waves)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "devices" in attrs and "label" in attrs:
            raise serializers.ValidationError("Give devices or a label, or neither for all of the type.")
        return attrs


class LeftOutSerializer(serializers.Serializer):
    device = serializers.CharField(source="device_id")
    reason = serializers.ChoiceField(choices=SkipReason.choices)
    detail = serializers.CharField(source="reason.label")


class StartedSerializer(serializers.Serializer):
    campaign = FirmwareCampaignSerializer()
    skipped = LeftOutSerializer(many=True)


class FirmwarePlanSerializer(serializers.Serializer):
    targets = serializers.ListField(child=serializers.CharField(), help_text="Device IDs.")
    skipped = LeftOutSerializer(many=True)


class FirmwareCampaignFilter(filters.FilterSet):
    package = filters.NumberFilter(min_value=0, max_value=2**63 - 1)
    project = filters.CharFilter(field_name="package__project__slug", help_text="The project's slug.")
    status = filters.MultipleChoiceFilter(choices=CampaignStatus.choices)

    class Meta:
        model = FirmwareCampaign
        fields: tuple[str, ...] = ()


class FirmwareCampaignViewSet(ScopedViewSet, ReadOnlyModelViewSet):
    """Packages on their way to many devices."""

    queryset = FirmwareCampaign.objects.select_related(
        "package__project", "package__device_type", "created_by"
    ).with_counts()
    serializer_class = FirmwareCampaignSerializer
    permission = Permission.UPDATE_FIRMWARE
    filterset_class = FirmwareCampaignFilter
    lookup_value_regex = NUMBER
    search_fields = ("target", "package__version")
    ordering_fields = ("created_at", "changed_at", "status")
    ordering = ("-created_at",)

    @extend_schema(
        summary="Begin a firmware campaign",
        parameters=[IDEMPOTENCY_KEY],
        request=RolloutSerializer,
        responses={201: StartedSerializer, 200: FirmwarePlanSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Devices that cannot be sent the package are skipped, each with the reason; if that is true of all of them,
        the answer is an error and nothing has happened. With `dry_run` nothing happens in any case.
        """
        serializer = RolloutSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        require(request.user, self.permission, serializer.validated_data["package"].project)
        return once(request, lambda: self._begin(request, dict(serializer.validated_data)))

    def _begin(self, request: Request, wanted: dict[str, Any]) -> Response:
        package = wanted.pop("package")
        target, devices, missing = choose(
            request.user, package, label=wanted.pop("label", ""), device_ids=wanted.pop("devices", ())
        )
        if wanted.pop("dry_run"):
            made = plan(request.user, package, devices)
            targets = [device.device_id for device in made.targets]
            return Response(FirmwarePlanSerializer({"targets": targets, "skipped": [*missing, *made.skipped]}).data)
        try:
            campaign, skipped = rollout.start(request.user, package, target, devices, rollout.Rules(**wanted))
        except DjangoValidationError as error:
            if hasattr(error, "error_dict"):
                raise
            raise Conflict(" ".join(error.messages)) from error
        begun = {"campaign": self.get_queryset().get(pk=campaign.pk), "skipped": [*missing, *skipped]}
        return Response(StartedSerializer(begun).data, status=201)

    @extend_schema(summary="Pause a firmware campaign", request=None, responses=FirmwareCampaignSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """No further wave begins. Devices that have been told go on."""
        return self._change(rollout.pause)

    @extend_schema(summary="Go on with a firmware campaign", request=None, responses=FirmwareCampaignSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """After a pause."""
        return self._change(rollout.resume)

    @extend_schema(summary="Cancel a firmware campaign", request=None, responses=FirmwareCampaignSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Devices that have been told go on; nobody can promise that they do not."""
        return self._change(rollout.cancel)

    @extend_schema(summary="Retry a firmware campaign", request=None, responses=FirmwareCampaignSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """For the devices that failed or were cancelled."""
        return self._change(rollout.retry)

    def _change(self, verb: Callable[[int, Any], object]) -> Response:
        campaign = self.get_object()
        done = verb(campaign.pk, self.request.user)
        campaign = self.get_object()
        if not done:
            words = campaign.get_status_display().partition(":")[0].lower()
            raise Conflict(f"There is nothing to {verb.__name__}: the campaign is {words}.")
        return Response(self.get_serializer(campaign).data)


class FirmwareStepSerializer(serializers.ModelSerializer):
    class Meta:
        model = FirmwareStep
        fields = ["status", "at", "witness", "detail"]


class FirmwareUpdateSerializer(serializers.ModelSerializer):
    device: serializers.RelatedField = serializers.SlugRelatedField(slug_field="device_id", read_only=True)
    campaign = serializers.IntegerField(source="campaign_id", read_only=True)
    version = serializers.CharField(source="campaign.package.version", read_only=True)
    command = serializers.UUIDField(source="command_id", read_only=True, allow_null=True)

    class Meta:
        model = FirmwareUpdate
        fields = [
            "id", "campaign", "device", "wave", "status", "percent", "error", "from_version", "version", "command",
            "created_at", "changed_at", "due_at",
        ]  # fmt: skip
        read_only_fields = fields


class FirmwareUpdateWithStepsSerializer(FirmwareUpdateSerializer):
    steps = FirmwareStepSerializer(many=True, read_only=True)

    class Meta(FirmwareUpdateSerializer.Meta):
        fields = [*FirmwareUpdateSerializer.Meta.fields, "steps"]
        read_only_fields = fields


class FirmwareUpdateFilter(filters.FilterSet):
    campaign = filters.NumberFilter(min_value=0, max_value=2**63 - 1)
    device = filters.CharFilter(field_name="device__device_id", help_text="The device ID.")
    status = filters.MultipleChoiceFilter(choices=UpdateStatus.choices)

    class Meta:
        model = FirmwareUpdate
        fields: tuple[str, ...] = ()


class FirmwareUpdateViewSet(ScopedViewSet, ReadOnlyModelViewSet):
    """What becomes of a campaign on each of its devices."""

    queryset = FirmwareUpdate.objects.select_related("device", "campaign__package")
    serializer_class = FirmwareUpdateSerializer
    permission = Permission.UPDATE_FIRMWARE
    filterset_class = FirmwareUpdateFilter
    lookup_value_regex = NUMBER
    search_fields = ("device__device_id", "device__name")
    ordering_fields = ("changed_at", "created_at", "wave", "status")
    ordering = ("-changed_at",)

    @extend_schema(summary="Show a firmware update with its steps", responses=FirmwareUpdateWithStepsSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(FirmwareUpdateWithStepsSerializer(self.get_object()).data)
