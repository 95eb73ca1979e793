from copy import copy
from typing import Any

from django.contrib.auth import get_user_model
from rest_framework import serializers

from alerts import enabling
from alerts.models import (
    Alert,
    AlertEvent,
    AlertRule,
    Backtest,
    DeliveryAttempt,
    EscalationStep,
    Notification,
    NotificationPreference,
    Silence,
    Webhook,
)
from alerts.models.notification import TRIED
from alerts.rules import sentence
from devices.api.fields import Named, TimeZoneField
from devices.api.scoped import RowSerializer
from devices.models import Device, DeviceType, Project

HOW_TO_ENABLE = "Send `seen` with the number of a backtest, or `untried`: true."


def user_name() -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(slug_field="username", read_only=True, allow_null=True)


class AlertSerializer(serializers.ModelSerializer):
    device: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="device_id", read_only=True, allow_null=True, help_text="null: it is about something else."
    )
    subject = serializers.CharField(read_only=True, help_text="What it is about, by its name.")
    project: serializers.RelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    acknowledged_by: serializers.RelatedField = user_name()
    assigned_to: serializers.RelatedField = user_name()
    resolved_by: serializers.RelatedField = user_name()

    class Meta:
        model = Alert
        fields = [
            "id",
            "rule",
            "rule_name",
            "rule_revision",
            "device",
            "subject",
            "project",
            "severity",
            "worst_severity",
            "status",
            "message",
            "what",
            "value",
            "limit",
            "event_time",
            "received_at",
            "resolved_at",
            "resolved_by",
            "acknowledged_at",
            "acknowledged_by",
            "assigned_to",
            "snoozed_until",
        ]
        read_only_fields = fields


class AlertEventSerializer(serializers.ModelSerializer):
    by: serializers.RelatedField = user_name()

    class Meta:
        model = AlertEvent
        fields = ["at", "kind", "severity", "by", "text"]


class AlertWithEventsSerializer(AlertSerializer):
    events = AlertEventSerializer(many=True, read_only=True)

    class Meta(AlertSerializer.Meta):
        fields = [*AlertSerializer.Meta.fields, "events"]
        read_only_fields = fields


class TextSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=1000)


class OptionalTextSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class AssigneeSerializer(serializers.Serializer):
    user = serializers.CharField(max_length=150, allow_null=True, help_text="A member's user name; null: nobody.")


class SnoozeSerializer(serializers.Serializer):
    minutes = serializers.IntegerField(min_value=0, max_value=7 * 24 * 60, help_text="0 ends it.")


class TimeZoneName(TimeZoneField):
    """A time zone that is kept by its name; empty for none."""

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)) if data else ""


class AlertRuleSerializer(RowSerializer):
    """`levels` and `schedule` are described in the documentation of alert rules; `sentence` says what they mean."""

    fixed = ("project",)
    project = Named(slug_field="slug", queryset=Project.objects.all(), allow_null=True, required=False, default=None)
    device_type = Named(slug_field="slug", queryset=DeviceType.objects.all(), allow_null=True, required=False)
    device = Named(slug_field="device_id", queryset=Device.objects.all(), allow_null=True, required=False)
    time_zone = TimeZoneName(required=False, allow_blank=True, help_text="Of the schedule; empty: the project's.")
    levels = serializers.JSONField(help_text="A list with an object for each severity.")
    schedule = serializers.JSONField(
        required=False, help_text='Such as {"days": ["mon"], "from": "08:00", "to": "18:00"}.'
    )
    sentence = serializers.SerializerMethodField(help_text="What it will do, for people.")
    seen: serializers.RelatedField = serializers.PrimaryKeyRelatedField(
        queryset=Backtest.objects.all(), write_only=True, required=False,
        help_text="To enable it: the backtest of its present revision that was looked at.",
    )  # fmt: skip
    untried = serializers.BooleanField(
        write_only=True, required=False, help_text="To enable it without having tried it on the past."
    )

    class Meta:
        model = AlertRule
        fields = [
            "id",
            "name",
            "description",
            "project",
            "device_type",
            "label",
            "device",
            "levels",
            "schedule",
            "time_zone",
            "message",
            "is_enabled",
            "seen",
            "untried",
            "revision",
            "sentence",
            "created_at",
        ]
        read_only_fields = ["revision", "created_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Whether it may be enabled is asked of the rule as it will be."""
        seen, untried = attrs.pop("seen", None), attrs.pop("untried", False)
        attrs = super().validate(attrs)
        if attrs.get("is_enabled"):
            rule = copy(self.instance) if self.instance else AlertRule()
            for name, value in attrs.items():
                setattr(rule, name, value)
            try:
                attrs |= enabling.checked(rule, seen=seen, untried=untried)
            except enabling.NotTried as refusal:
                raise serializers.ValidationError({"is_enabled": [f"{refusal} {HOW_TO_ENABLE}"]}) from refusal
        return attrs

    def get_sentence(self, rule: AlertRule) -> str:
        return sentence(rule.compiled())


class WantedCopiesSerializer(serializers.Serializer):
    device_types = Named(slug_field="slug", queryset=DeviceType.objects.all(), many=True, allow_empty=False)
    dry_run = serializers.BooleanField(default=False, help_text="Tell what would be made, and make nothing.")


class RuleCopySerializer(serializers.Serializer):
    device_type = serializers.CharField(source="device_type.slug")
    name = serializers.CharField(source="rule.name")
    sentence = serializers.CharField()
    devices = serializers.IntegerField(source="device_count", help_text="How many it is about now.")
    problem = serializers.CharField(help_text="Why it is not made; empty if it is.")
    rule = serializers.IntegerField(source="rule.pk", allow_null=True, help_text="The copy; null if none was made.")


class BacktestSerializer(serializers.ModelSerializer):
    asked_by: serializers.RelatedField = user_name()

    class Meta:
        model = Backtest
        fields = [
            "id",
            "rule",
            "revision",
            "days",
            "status",
            "progress",
            "asked_by",
            "asked_at",
            "finished_at",
            "problem",
            "fires",
            "seconds",
            "devices",
            "devices_played",
            "episodes",
        ]
        read_only_fields = [name for name in fields if name != "days"]


class FigureSerializer(serializers.Serializer):
    what = serializers.CharField()
    value = serializers.CharField()
    limit = serializers.CharField()


class LevelFindingSerializer(serializers.Serializer):
    severity = serializers.CharField()
    truth = serializers.BooleanField(allow_null=True, help_text="null: unknown.")
    position = serializers.CharField(help_text="off, pending, on or clearing.")
    since = serializers.DateTimeField(allow_null=True)
    figures = serializers.SerializerMethodField()

    def get_figures(self, level: Any) -> list[dict[str, str]]:
        return [dict(zip(("what", "value", "limit"), figure, strict=True)) for figure in level.figures]


class EvaluationSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    status = serializers.CharField()
    severity = serializers.CharField(allow_null=True)
    levels = LevelFindingSerializer(many=True)


class SilencedSerializer(serializers.ModelSerializer):
    class Meta:
        model = Silence
        fields = ["id", "reason", "ends_at"]


class WhoWasToldSerializer(serializers.ModelSerializer):
    whom = serializers.SerializerMethodField(help_text="A person or a webhook, by name.")
    event = serializers.CharField(source="event.kind")

    class Meta:
        model = Notification
        fields = ["whom", "transport", "event", "status", "answer", "sent_at"]

    def get_whom(self, notification: Notification) -> str:
        return str(notification.user or notification.webhook)


class WhySerializer(serializers.Serializer):
    obstacles = serializers.ListField(child=serializers.CharField(), help_text="Why it cannot fire at all.")
    status = serializers.CharField()
    alert = serializers.IntegerField(source="open_alert.pk", allow_null=True, default=None)
    snoozed_until = serializers.DateTimeField(source="open_alert.snoozed_until", allow_null=True, default=None)
    silences = SilencedSerializer(many=True)
    told = WhoWasToldSerializer(many=True)
    levels = LevelFindingSerializer(many=True)
    evaluations = EvaluationSerializer(many=True)


class SilenceSerializer(RowSerializer):
    fixed = ("project",)
    project = Named(slug_field="slug", queryset=Project.objects.all())
    device = Named(slug_field="device_id", queryset=Device.objects.all(), allow_null=True, required=False)
    device_type = Named(slug_field="slug", queryset=DeviceType.objects.all(), allow_null=True, required=False)
    rule: serializers.RelatedField = serializers.PrimaryKeyRelatedField(
        queryset=AlertRule.objects.all(), allow_null=True, required=False
    )
    created_by: serializers.RelatedField = user_name()

    class Meta:
        model = Silence
        fields = [
            "id",
            "project",
            "reason",
            "starts_at",
            "ends_at",
            "rule",
            "device",
            "device_type",
            "label",
            "created_by",
            "created_at",
        ]
        read_only_fields = ["created_by", "created_at"]

    def validate_rule(self, rule: AlertRule | None) -> AlertRule | None:
        if (
            rule is not None
            and not AlertRule.objects.visible_to(self.context["request"].user).filter(pk=rule.pk).exists()
        ):
            raise serializers.ValidationError("There is no rule with that number.")
        return rule


class WebhookSerializer(RowSerializer):
    fixed = ("project",)
    project = Named(slug_field="slug", queryset=Project.objects.all())

    template = serializers.JSONField(
        allow_null=True, required=False, help_text='What is sent, such as {"text": "{severity}: {message}"}; null: all.'
    )

    class Meta:
        model = Webhook
        fields = ["id", "project", "name", "url", "minimum", "template", "is_enabled", "signing_key"]
        read_only_fields = ["signing_key"]


class EscalationStepSerializer(RowSerializer):
    fixed = ("project",)
    project = Named(slug_field="slug", queryset=Project.objects.all())
    user = Named(
        slug_field="username",
        queryset=get_user_model().objects.filter(is_active=True),
        allow_null=True,
        required=False,
        help_text="A member's user name; or give a role.",
    )

    class Meta:
        model = EscalationStep
        fields = ["id", "project", "minimum", "after_minutes", "user", "role", "transport"]


class TrySerializer(serializers.ModelSerializer):
    class Meta:
        model = DeliveryAttempt
        fields = ["at", "delivered", "answer"]


class NotificationSerializer(serializers.ModelSerializer):
    event = serializers.CharField(source="event.kind", read_only=True)
    message = serializers.CharField(source="alert.message", read_only=True)
    severity = serializers.CharField(source="alert.severity", read_only=True)
    device = serializers.CharField(source="alert.device.device_id", read_only=True, allow_null=True)
    tries = TrySerializer(many=True, read_only=True)

    class Meta:
        model = Notification
        fields = [
            "id",
            "alert",
            "event",
            "message",
            "severity",
            "device",
            "transport",
            "status",
            "attempts",
            "answer",
            "tries",
            "created_at",
            "sent_at",
            "read_at",
        ]
        read_only_fields = fields


class TrialSerializer(serializers.Serializer):
    to = serializers.CharField(help_text="The webhook, the address or the browser.")
    delivered = serializers.BooleanField()
    answer = serializers.CharField(help_text="What the other side said, or why it was not reached.")


class TransportSerializer(serializers.Serializer):
    transport = serializers.ChoiceField(choices=TRIED, help_text="Your mail address, or your browsers.")


class DefaultPreferenceSerializer(RowSerializer):
    """Of members who said nothing themselves."""

    fixed = ("project", "transport")
    project = Named(slug_field="slug", queryset=Project.objects.all())

    class Meta:
        model = NotificationPreference
        fields = ["id", "project", "transport", "minimum", "quiet_from", "quiet_to"]


class PreferenceSerializer(RowSerializer):
    """Of the person who asks."""

    fixed = ("project", "transport")
    project = Named(slug_field="slug", queryset=Project.objects.all(), allow_null=True, required=False, default=None)

    class Meta:
        model = NotificationPreference
        fields = ["id", "project", "transport", "minimum", "quiet_from", "quiet_to"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return super().validate({**attrs, "user": self.context["request"].user})
