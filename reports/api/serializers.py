from copy import copy
from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException

from devices.api.fields import Named, TimeZoneField
from devices.api.scoped import RowSerializer
from devices.models import Project
from devices.permissions import Permission, Role
from reports.kinds import KINDS
from reports.models import Delivery, Format, ReportTemplate, Run, Schedule
from reports.models.schedule import MOST_ADDRESSES
from reports.refusals import sentences
from reports.schedules import zone_for

KIND_CHOICES = [(name, kind.label) for name, kind in KINDS.items()]


class KindSerializer(serializers.Serializer):
    """A kind of report, and what may be said of one."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()
    sections = serializers.DictField(child=serializers.CharField(), help_text="Their names and titles.")
    usual_range = serializers.CharField(help_text="What `range` is if nothing is said.")
    is_about_devices = serializers.BooleanField()
    is_about_models = serializers.BooleanField()


class TemplateSerializer(RowSerializer):
    fixed = ("project",)
    project = Named(slug_field="slug", queryset=Project.objects.all())
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    parameters = serializers.DictField(
        source="said", required=False, help_text="As `reports/runs/` takes them, but for the kind and the project."
    )
    created_by: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )

    class Meta:
        model = ReportTemplate
        fields = ["id", "project", "name", "kind", "parameters", "format", "created_by", "created_at"]
        read_only_fields = ["created_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        row = copy(self.instance) if self.instance else ReportTemplate()
        for name, value in attrs.items():
            setattr(row, name, value)
        try:
            row.check_parameters(self.context["request"].user)
        except APIException as error:
            raise serializers.ValidationError({"parameters": sentences(error)}) from error
        return attrs


class TemplateField(serializers.PrimaryKeyRelatedField):
    """By its number, of those that the person may see."""

    def get_queryset(self) -> Any:
        return ReportTemplate.objects.visible_to(self.context["request"].user).select_related("project")

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(serializers.IntegerField(max_value=10**18).run_validation(data))


class RunSerializer(serializers.ModelSerializer):
    project: serializers.RelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    template = serializers.IntegerField(source="template_id", read_only=True, allow_null=True)
    schedule = serializers.IntegerField(source="schedule_id", read_only=True, allow_null=True)
    parameters = serializers.DictField(source="said", read_only=True)
    requested_by: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    seconds = serializers.FloatField(read_only=True, allow_null=True, help_text="How long it took.")
    has_file = serializers.BooleanField(read_only=True)

    class Meta:
        model = Run
        fields = [
            "uuid", "project", "template", "schedule", "slot", "kind", "title", "parameters", "format", "as_of",
            "status", "percent", "problem", "is_empty", "requested_by", "requested_at", "started_at",
            "finished_at", "seconds", "has_file", "file_name", "size", "sha256", "expires_at",
        ]  # fmt: skip
        read_only_fields = fields


class WantedSerializer(serializers.Serializer):
    """A report that is wanted: by a template, or by parameters."""

    template = TemplateField(queryset=ReportTemplate.objects.all(), required=False)
    parameters = serializers.DictField(required=False, help_text="`kind`, and what else `reports/kinds/` names.")
    format = serializers.ChoiceField(choices=Format.choices, required=False, help_text="Else the template's, or PDF.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("template" in attrs) == ("parameters" in attrs):
            raise serializers.ValidationError("Either a template, or parameters.")
        return attrs


class ColleaguesField(serializers.SlugRelatedField):
    """By user name, of the members of projects whose reports the person manages."""

    def get_queryset(self) -> Any:
        projects = Project.objects.where_user_may(self.context["request"].user, Permission.MANAGE_REPORTS)
        return get_user_model().objects.filter(is_active=True, memberships__project__in=projects).distinct()


@extend_schema_field({"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})
class ClockField(serializers.TimeField):
    """A time of the day."""


class ScheduleSerializer(RowSerializer):
    fixed = ("template",)
    template = TemplateField(queryset=ReportTemplate.objects.all())
    project = serializers.CharField(source="template.project.slug", read_only=True)
    owner: serializers.RelatedField = serializers.SlugRelatedField(slug_field="username", read_only=True)
    at = ClockField(required=False)
    time_zone = TimeZoneField(required=False, help_text="Whose clock it goes by. Else yours, or the project's.")
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), max_length=7, required=False
    )
    users = ColleaguesField(slug_field="username", many=True, required=False)
    addresses = serializers.ListField(
        child=serializers.EmailField(max_length=254), max_length=MOST_ADDRESSES, required=False
    )
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), max_length=3, required=False)
    unsubscribed = serializers.SerializerMethodField(help_text="Addresses that want no more of it.")

    class Meta:
        model = Schedule
        fields = [
            "id", "template", "project", "owner", "every", "at", "weekdays", "day", "cron", "time_zone", "next_due",
            "is_paused", "users", "addresses", "roles", "attach_up_to", "subject", "text", "skips_empty",
            "unsubscribed", "created_at",
        ]  # fmt: skip
        read_only_fields = ["next_due", "is_paused", "created_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        users = attrs.pop("users", None)
        attrs = super().validate(attrs)
        if self.instance is None and "time_zone" not in attrs:
            attrs["time_zone"] = zone_for(self.context["request"].user, attrs["template"].project)
        return attrs if users is None else {**attrs, "users": users}

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        users = validated_data.pop("users", None)
        if users is not None:
            instance.users.set(users)
        return super().update(instance, validated_data)

    @extend_schema_field(serializers.ListField(child=serializers.EmailField()))
    def get_unsubscribed(self, schedule: Schedule) -> list[str]:
        return [each.address for each in schedule.unsubscriptions.all()]


class PreviewSerializer(serializers.Serializer):
    next = serializers.ListField(child=serializers.DateTimeField(), help_text="The next times it is due.")
    recipients = serializers.ListField(child=serializers.CharField(), help_text="Whom it goes to, as things are now.")


class DeliverySerializer(serializers.ModelSerializer):
    schedule = serializers.IntegerField(source="schedule_id", read_only=True)
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)
    user: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )

    class Meta:
        model = Delivery
        fields = [
            "id", "schedule", "slot", "purpose", "run", "user", "address", "status", "attempts", "answer", "problem",
            "due_at", "created_at", "sent_at",
        ]  # fmt: skip
        read_only_fields = fields
