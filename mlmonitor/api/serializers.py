from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from devices.api.fields import Named
from devices.api.scoped import RowSerializer
from devices.models import DeviceType, Project
from mlmonitor.models import (
    Alias,
    Baseline,
    Deployment,
    DriftCheck,
    Feature,
    FeatureDrift,
    ModelVersion,
    MonitoredModel,
    MonitorThreshold,
)


class FeatureSerializer(serializers.ModelSerializer):
    class Meta:
        model = Feature
        fields = ["key", "kind", "unit", "importance", "is_monitored"]
        extra_kwargs = {"key": {"min_length": 1}}


class DeploymentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Deployment
        fields = ["alias", "deployed_at", "retired_at", "by"]
        read_only_fields = fields


class VersionSerializer(serializers.ModelSerializer):
    features = FeatureSerializer(many=True)
    deployments = DeploymentSerializer(many=True, read_only=True)
    alias = serializers.CharField(read_only=True, help_text="champion, challenger, or empty.")
    parameters = serializers.DictField(required=False)

    class Meta:
        model = ModelVersion
        fields = ["name", "alias", "framework", "parameters", "features", "deployments", "created_at"]
        read_only_fields = ["created_at"]

    def validate_features(self, features: list[dict[str, Any]]) -> list[dict[str, Any]]:
        keys = [feature["key"] for feature in features]
        if len(keys) != len(set(keys)):
            raise serializers.ValidationError("Each feature has a key of its own.")
        if any(key.startswith("$") for key in keys):
            raise serializers.ValidationError("Keys that begin with $ are the portal's own.")
        return features

    def create(self, validated_data: dict[str, Any]) -> ModelVersion:
        features = validated_data.pop("features")
        with transaction.atomic():
            version = ModelVersion.objects.create(**validated_data)
            Feature.objects.bulk_create(Feature(version=version, **feature) for feature in features)
        return version


class ModelSerializer(RowSerializer):
    fixed = ("project", "key", "task")
    project = Named(slug_field="slug", queryset=Project.objects.all())
    device_types = serializers.SlugRelatedField(
        slug_field="slug", many=True, required=False, queryset=DeviceType.objects.all()
    )
    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20, required=False)
    champion = serializers.SerializerMethodField(help_text="The version in charge; empty: none yet.")

    class Meta:
        model = MonitoredModel
        fields = [
            "key",
            "name",
            "description",
            "task",
            "project",
            "owner",
            "device_types",
            "tags",
            "status",
            "positive_label",
            "averaging",
            "unit",
            "label_lag_hours",
            "window_days",
            "keep_features_days",
            "reads_telemetry",
            "champion",
            "created_at",
        ]
        read_only_fields = ["status", "created_at"]

    @extend_schema_field(serializers.CharField())
    def get_champion(self, model: MonitoredModel) -> str:
        return next((version.name for version in model.versions.all() if version.alias == Alias.CHAMPION), "")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        types = attrs.pop("device_types", None)
        attrs = super().validate(attrs)
        return attrs if types is None else {**attrs, "device_types": types}

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        types = validated_data.pop("device_types", None)
        if types is not None:
            instance.device_types.set(types)
        return super().update(instance, validated_data)


class PromoteSerializer(serializers.Serializer):
    version = serializers.CharField(max_length=64)
    alias = serializers.ChoiceField(choices=Alias.choices)


class VersionChoiceSerializer(serializers.Serializer):
    version = serializers.CharField(max_length=64, required=False, help_text="Absent: the champion.")


class BaselineSerializer(serializers.ModelSerializer):
    version = serializers.CharField(source="version.name", read_only=True)

    class Meta:
        model = Baseline
        fields = ["id", "version", "kind", "start", "end", "rows", "created_at"]
        read_only_fields = fields


class WindowSerializer(serializers.Serializer):
    """A window of the past to make a baseline of."""

    version = serializers.CharField(max_length=64, required=False, help_text="Absent: the champion.")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["end"] <= attrs["start"]:
            raise serializers.ValidationError({"end": "It ends after it starts."})
        return attrs


class FeatureDriftSerializer(serializers.ModelSerializer):
    js_divergence = serializers.FloatField(read_only=True, help_text="The JS distance squared, in bits.")

    class Meta:
        model = FeatureDrift
        exclude = ("id", "check_of")


class FigureSerializer(serializers.Serializer):
    metric = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    baseline = serializers.FloatField(allow_null=True)
    limit = serializers.FloatField(allow_null=True)
    scope = serializers.CharField()
    severity = serializers.CharField(allow_blank=True)
    p = serializers.FloatField()


class ReasonSerializer(serializers.Serializer):
    kind = serializers.CharField()
    text = serializers.CharField()


class DriftCheckSerializer(serializers.ModelSerializer):
    model = serializers.CharField(source="version.model.key", read_only=True)
    version = serializers.CharField(source="version.name", read_only=True)
    figures = FigureSerializer(many=True, read_only=True)
    concept_reasons = ReasonSerializer(many=True, read_only=True)
    features = FeatureDriftSerializer(many=True, read_only=True)

    class Meta:
        model = DriftCheck
        fields = [
            "id",
            "model",
            "version",
            "segment",
            "start",
            "end",
            "checked_at",
            "verdict",
            "moved",
            "concept",
            "concept_reasons",
            "performance",
            "figures",
            "predicted",
            "labelled",
            "problem",
            "features",
        ]
        read_only_fields = fields


class VersionOfModel(Named):
    """A version by its name, of the model that the same row names."""

    def get_queryset(self) -> Any:
        versions = super().get_queryset()
        parent: Any = self.parent
        if parent.instance is not None:
            return versions.filter(model=parent.instance.model)
        return versions.filter(model__key=str(parent.initial_data.get("model")).replace("\0", ""))


class ThresholdSerializer(RowSerializer):
    fixed = ("model", "version", "feature", "metric")
    model = Named(
        slug_field="key", queryset=MonitoredModel.objects.all(), allow_null=True, required=False, default=None
    )
    version = VersionOfModel(
        slug_field="name",
        queryset=ModelVersion.objects.all(),
        allow_null=True,
        required=False,
        default=None,
        help_text="The name of a version of the model; null: of all its versions.",
    )

    class Meta:
        model = MonitorThreshold
        fields = ["id", "model", "version", "feature", "metric", "medium", "high", "critical", "floor"]


class RowResultSerializer(serializers.Serializer):
    index = serializers.IntegerField(help_text="The row's place in the batch.")
    id = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()


class TakenSerializer(serializers.Serializer):
    """received = stored + duplicate + the length of rejected."""

    received = serializers.IntegerField()
    stored = serializers.ListField(child=serializers.CharField())
    duplicate = serializers.ListField(child=serializers.CharField())
    rejected = RowResultSerializer(many=True)


class ToldSerializer(serializers.Serializer):
    """received = joined + held + revised + unchanged + the length of rejected."""

    received = serializers.IntegerField()
    joined = serializers.ListField(child=serializers.CharField())
    held = serializers.ListField(child=serializers.CharField(), help_text="Until their prediction comes.")
    revised = serializers.ListField(child=serializers.CharField())
    unchanged = serializers.ListField(child=serializers.CharField())
    rejected = RowResultSerializer(many=True)


class MadeSerializer(serializers.Serializer):
    baseline = BaselineSerializer()
    rejected = RowResultSerializer(many=True)


class PointSerializer(serializers.Serializer):
    time = serializers.DateTimeField()
    predicted = serializers.IntegerField()
    labelled = serializers.IntegerField()
    is_final = serializers.BooleanField(help_text="The label lag has passed: little will change any more.")
    figures = serializers.DictField(child=serializers.FloatField(), help_text="0 where one is not defined.")
    low = serializers.DictField(child=serializers.FloatField())
    high = serializers.DictField(child=serializers.FloatField())


class TrendSerializer(serializers.Serializer):
    slope = serializers.FloatField(help_text="A day.")
    low = serializers.FloatField()
    high = serializers.FloatField()
    is_distinct = serializers.BooleanField(help_text="Zero is not among what it may be.")


class PerformanceSerializer(serializers.Serializer):
    model = serializers.CharField()
    version = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    segment = serializers.CharField(allow_blank=True, help_text="Empty: all of them together.")
    segments = serializers.ListField(child=serializers.CharField(), help_text="The largest ones, at most 20.")
    metrics = serializers.ListField(child=serializers.CharField())
    figures = serializers.DictField(child=serializers.FloatField(), help_text="Of the whole range.")
    coverage = serializers.FloatField(help_text="The share of predictions whose outcome is known.")
    baseline = serializers.DictField(child=serializers.FloatField())
    limits = serializers.DictField(child=serializers.FloatField())
    points = PointSerializer(many=True)
    trends = serializers.DictField(child=TrendSerializer())
