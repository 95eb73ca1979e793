from typing import Any, cast

from rest_framework import serializers

from devices.api.fields import Named
from devices.models import Project
from iotsphere.boards.exchange import FORMAT, IN_FILES, VERSION, new_id
from iotsphere.boards.kinds import KINDS
from iotsphere.boards.sight import Sight, joined
from iotsphere.models import Dashboard

COLUMNS = 12
MOST_ROWS = 500
TALLEST = 24
MOST_WIDGETS = 100
FORMAT_CHOICES = [(FORMAT, FORMAT)]
KIND_CHOICES = [(name, kind.label) for name, kind in KINDS.items()]


class WidgetSerializer(serializers.Serializer):
    """One widget. Columns and rows of the grid are counted from zero, at the left and at the top."""

    id = serializers.RegexField(r"^[a-z0-9]{1,16}$", required=False, help_text="Unique on its dashboard.")
    kind = serializers.ChoiceField(choices=KIND_CHOICES)
    x = serializers.IntegerField(min_value=0, max_value=COLUMNS - 1, help_text="The column it begins in.")
    y = serializers.IntegerField(min_value=0, max_value=MOST_ROWS, help_text="The row it begins in.")
    w = serializers.IntegerField(min_value=1, max_value=COLUMNS, help_text="How many columns wide it is.")
    h = serializers.IntegerField(min_value=1, max_value=TALLEST, help_text="How many rows high it is.")
    title = serializers.CharField(max_length=100, allow_blank=True, default="", help_text="Empty: a usual one.")
    settings = serializers.DictField(default=dict, help_text="By its kind; docs/api.md lists them.")
    is_withheld = serializers.BooleanField(
        default=False,
        help_text="It is about what you may not see: it has no title and no settings, and saving it leaves them alone.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["x"] + attrs["w"] > COLUMNS:
            raise serializers.ValidationError({"w": f"It sticks out: the grid has {COLUMNS} columns."})
        attrs.setdefault("id", new_id())
        if attrs["is_withheld"]:
            return attrs
        settings, wrong = KINDS[attrs["kind"]].read(attrs["settings"])
        if wrong:
            raise serializers.ValidationError({"settings": {name: [text] for name, text in wrong.items()}})
        return {**attrs, "settings": settings}


class WidgetsField(serializers.ListField):
    """Whole widgets, also where the rest of the body is a patch."""

    child = WidgetSerializer()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MOST_WIDGETS, required=False, **kwargs)

    def run_child_validation(self, data: Any) -> list[dict[str, Any]]:
        read = WidgetSerializer(data=data, many=True)
        read.is_valid(raise_exception=True)
        return cast(list[dict[str, Any]], read.validated_data)


class DashboardRowSerializer(serializers.ModelSerializer):
    owner: serializers.RelatedField = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    project = Named(
        slug_field="slug", queryset=Project.objects, required=False, allow_null=True,
        help_text="The project it is shared with. Null: nobody but its owner sees it.",
    )  # fmt: skip
    is_default = serializers.BooleanField(read_only=True, help_text="It is the one you begin with.")
    may_change = serializers.BooleanField(read_only=True)

    class Meta:
        model = Dashboard
        fields = [
            "id", "name", "owner", "project", "version", "is_default", "may_change", "created_at", "changed_at",
        ]  # fmt: skip
        read_only_fields = ["version", "created_at", "changed_at"]


class DashboardSerializer(DashboardRowSerializer):
    widgets = WidgetsField(help_text="All of them: what is not in it goes.")

    class Meta(DashboardRowSerializer.Meta):
        fields = [*DashboardRowSerializer.Meta.fields, "widgets"]

    def validate_widgets(self, widgets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return fit(widgets, self.instance, self.context["request"].user)

    def to_representation(self, instance: Dashboard) -> dict[str, Any]:
        shown: dict[str, Any] = DashboardRowSerializer(instance, context=self.context).data
        user = self.context["request"].user
        return {**shown, "widgets": Sight.of(user, instance.widgets).shown(instance.widgets)}


class CopySerializer(serializers.Serializer):
    """Of a dashboard: as it is, or with other widgets."""

    name = serializers.CharField(
        max_length=100, required=False, help_text="Else that of the original, marked as a copy."
    )
    widgets = WidgetsField()

    def validate_widgets(self, widgets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return fit(widgets, self.context["original"], self.context["request"].user)


class FileWidgetSerializer(WidgetSerializer):
    id = None  # type: ignore[assignment]
    is_withheld = None  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        read = super().validate({**attrs, "is_withheld": False})
        return {name: read[name] for name in ("id", *IN_FILES)}


class FileSerializer(serializers.Serializer):
    """A dashboard as a file. `widgets` are looked at one by one."""

    format = serializers.ChoiceField(choices=FORMAT_CHOICES)
    version = serializers.ChoiceField(choices=[VERSION])
    name = serializers.CharField(max_length=100)
    widgets = serializers.ListField(child=serializers.JSONField(), max_length=MOST_WIDGETS)


class ExportSerializer(FileSerializer):
    widgets = FileWidgetSerializer(many=True)  # type: ignore[assignment]


class SkippedWidgetSerializer(serializers.Serializer):
    index = serializers.IntegerField(help_text="Which widget of the file, counted from zero.")
    reasons = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), help_text="By path.")


class ImportedSerializer(serializers.Serializer):
    dashboard = DashboardSerializer()
    skipped = SkippedWidgetSerializer(many=True, help_text="Widgets that could not be taken, and why.")


def fit(widgets: list[dict[str, Any]], stored: Dashboard | None, user: Any) -> list[dict[str, Any]]:
    """The widgets as they are kept; raises for each that cannot be."""
    ids = [widget["id"] for widget in widgets]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise serializers.ValidationError(f"Two widgets have the ID {min(twice)}.")
    kept, wrong = joined(widgets, stored.widgets if stored else [], Sight.of(user, widgets))
    if wrong:
        raise serializers.ValidationError(cast(Any, wrong))
    return kept
