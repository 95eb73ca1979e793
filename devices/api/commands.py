from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.errors import Conflict
from devices.api.filters import OfDeviceFilter
from devices.api.once import IDEMPOTENCY_KEY, once
from devices.api.scoped import ScopedViewSet
from devices.command_states import CommandStatus
from devices.commands import LONGEST_EXPIRY, Skipped, SkipReason, cancel, plan, send
from devices.models import Command, CommandStep, Device, Lifecycle
from devices.models.command import COMMAND_NAME_PATTERN, CommandQuerySet
from devices.models.device import DeviceQuerySet
from devices.permissions import Permission

MOST_TARGETS = 1000
NAMED = 5  # devices in a sentence
UUID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class StepSerializer(serializers.ModelSerializer):
    class Meta:
        model = CommandStep
        fields = ["status", "at", "witness", "detail", "moved"]


class CommandSerializer(serializers.ModelSerializer):
    device: serializers.RelatedField = serializers.SlugRelatedField(slug_field="device_id", read_only=True)
    project = serializers.CharField(source="device.project.slug", read_only=True)
    created_by: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    result = serializers.JSONField(read_only=True, allow_null=True, help_text="What the device said of how it went.")
    params = serializers.DictField(read_only=True)

    class Meta:
        model = Command
        fields = [
            "id",
            "device",
            "project",
            "name",
            "label",
            "params",
            "status",
            "created_at",
            "created_by",
            "changed_at",
            "expires_at",
            "answer_due_at",
            "attempts",
            "result",
            "reason",
        ]
        read_only_fields = fields


class CommandWithStepsSerializer(CommandSerializer):
    steps = StepSerializer(many=True, read_only=True)

    class Meta(CommandSerializer.Meta):
        fields = [*CommandSerializer.Meta.fields, "steps"]
        read_only_fields = fields


class WhereSerializer(serializers.Serializer):
    """All devices in service of which all of this is true."""

    project = serializers.CharField(max_length=64, required=False, help_text="The project's slug.")
    device_type = serializers.CharField(max_length=64, required=False, help_text="The type's slug.")
    label = serializers.CharField(max_length=40, required=False)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Say at least one of project, device_type and label.")
        return attrs


class OrderSerializer(serializers.Serializer):
    """A command for one device or many: either `devices` or `where`."""

    name = serializers.RegexField(f"^{COMMAND_NAME_PATTERN}$", help_text="As the devices' type names it.")
    params = serializers.DictField(required=False, default=dict, help_text="As the type's schema of this command asks.")
    devices = serializers.ListField(
        child=serializers.CharField(max_length=64), min_length=1, max_length=MOST_TARGETS, required=False,
        help_text="Device IDs.",
    )  # fmt: skip
    where = WhereSerializer(required=False)
    expires_in = serializers.IntegerField(
        min_value=1,
        max_value=int(LONGEST_EXPIRY.total_seconds()),
        required=False,
        allow_null=True,
        help_text="Seconds within which a device that is away must return. Absent: as the type says.",
    )
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Say who would be sent it and who would not, and send nothing."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("devices" in attrs) == ("where" in attrs):
            raise serializers.ValidationError("Give either devices or where.")
        return attrs


class SkippedSerializer(serializers.Serializer):
    device = serializers.CharField(source="device_id")
    reason = serializers.ChoiceField(choices=SkipReason.choices)
    detail = serializers.CharField(source="sentence")


class SentSerializer(serializers.Serializer):
    commands = CommandSerializer(many=True)
    skipped = SkippedSerializer(many=True)


class PlanSerializer(serializers.Serializer):
    targets = serializers.ListField(child=serializers.CharField(), help_text="Device IDs.")
    skipped = SkippedSerializer(many=True)


class CommandFilter(OfDeviceFilter):
    name = filters.CharFilter(field_name="name", help_text="The command's name.")
    status = filters.MultipleChoiceFilter(choices=CommandStatus.choices)
    created_by = filters.CharFilter(field_name="created_by__username", help_text="The user name.")
    is_open = filters.BooleanFilter(method="open", help_text="It has not come to an end.")
    after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte", help_text="Asked for at or after.")
    before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt", help_text="Asked for before.")

    class Meta:
        model = Command
        fields: tuple[str, ...] = ()

    def open(self, commands: CommandQuerySet, name: str, is_open: bool) -> CommandQuerySet:
        return commands.open() if is_open else commands.exclude(pk__in=commands.open())


class CommandViewSet(ScopedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Commands to devices, and what became of them."""

    queryset = Command.objects.select_related("device__project", "created_by")
    serializer_class = CommandSerializer
    permission = Permission.SEND_COMMANDS
    filterset_class = CommandFilter
    lookup_value_regex = UUID_PATTERN
    search_fields = ("name", "label", "device__device_id", "device__name")
    ordering_fields = ("created_at", "changed_at", "status", "name")
    ordering = ("-created_at",)

    @extend_schema(summary="Show a command with its steps", responses=CommandWithStepsSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(CommandWithStepsSerializer(self.get_object()).data)

    @extend_schema(
        summary="Send a command",
        parameters=[IDEMPOTENCY_KEY],
        request=OrderSerializer,
        responses={201: SentSerializer, 200: PlanSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """To one device or many. Those that cannot be sent it are skipped, each with the reason; if that is true of
        all of them, the answer is an error and nothing has happened. With `dry_run` nothing happens in any case.
        """
        serializer = OrderSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return once(request, lambda: self._order(request, serializer.validated_data))

    def _order(self, request: Request, wanted: Mapping[str, Any]) -> Response:
        devices, missing = _targets(request, wanted)
        if wanted["dry_run"]:
            made = plan(request.user, wanted["name"], wanted["params"], devices)
            targets = [device.device_id for device, _ in made.targets]
            return Response(PlanSerializer({"targets": targets, "skipped": [*missing, *made.skipped]}).data)
        seconds = wanted.get("expires_in")
        commands, skipped = send(
            request.user,
            wanted["name"],
            wanted["params"],
            devices,
            expires_in=None if seconds is None else timedelta(seconds=seconds),
        )
        skipped = [*missing, *skipped]
        if not commands:
            raise refusal(skipped)
        return Response(SentSerializer({"commands": commands, "skipped": skipped}).data, status=201)

    @extend_schema(summary="Take a command back", request=None, responses=CommandWithStepsSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """While it is queued. Once it was sent the device may have it, and nobody can promise that it does nothing."""
        command = cancel(self.get_object(), request.user)
        if command is None:
            now = self.get_object()
            raise Conflict(f"It is too late: the command is {now.get_status_display().lower()}.")
        return Response(CommandWithStepsSerializer(command).data)


def refusal(skipped: Sequence[Skipped]) -> Exception:
    """Why nobody was sent it."""
    reasons = {each.reason for each in skipped}
    first = skipped[0] if skipped else None
    if reasons == {SkipReason.NOT_ALLOWED}:
        return PermissionDenied(f"You may not {Permission.SEND_COMMANDS.label} there.")
    if first is not None and reasons == {SkipReason.BAD_PARAMS}:
        return ValidationError({"params": list(first.details)})
    if first is not None and reasons == {SkipReason.NOT_FOUND}:
        return ValidationError({"devices": [f"There is no device that you can see with the ID {_ids(skipped)}."]})
    sentences = [f"{each.device_id}: {each.sentence}" for each in skipped[:NAMED]]
    return Conflict(" ".join(["Nobody was sent it.", *(sentences or ["No device is like that."])]))


def _ids(skipped: Sequence[Skipped]) -> str:
    return ", ".join(each.device_id for each in skipped[:NAMED])


def _targets(request: Request, wanted: Mapping[str, Any]) -> tuple[list[Device], list[Skipped]]:
    visible = Device.objects.visible_to(request.user).select_related("project")
    if "devices" in wanted:
        ids = list(dict.fromkeys(wanted["devices"]))
        found = {device.device_id: device for device in visible.filter(device_id__in=ids)}
        missing = [Skipped(device_id, SkipReason.NOT_FOUND) for device_id in ids if device_id not in found]
        return [found[device_id] for device_id in ids if device_id in found], missing
    devices = list(_where(visible, wanted["where"])[: MOST_TARGETS + 1])
    if len(devices) > MOST_TARGETS:
        raise ValidationError({"where": f"More than {MOST_TARGETS} devices are like that: say more precisely which."})
    return devices, []


def _where(devices: DeviceQuerySet, where: Mapping[str, str]) -> DeviceQuerySet:
    devices = devices.filter(lifecycle=Lifecycle.ACTIVE)
    if "project" in where:
        devices = devices.filter(project__slug=where["project"])
    if "device_type" in where:
        devices = devices.filter(device_type__slug=where["device_type"])
    if "label" in where:
        devices = devices.labelled(where["label"])
    return devices
