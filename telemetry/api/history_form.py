"""How history is described to clients."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from devices.models import MetricKind, ValueType
from telemetry.aggregates import Aggregate


@extend_schema_field(
    {
        "type": "array",
        "minItems": 2,
        "maxItems": 4,
        "items": {"oneOf": [{"type": "number"}, {"type": "string"}]},
    }
)
class PointField(serializers.ListField):
    pass


class SeriesSerializer(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    value_type = serializers.ChoiceField(choices=ValueType.choices)
    kind = serializers.ChoiceField(choices=MetricKind.choices)
    raw = serializers.BooleanField(help_text="The points are single readings, not aggregates.")
    points = serializers.ListField(
        child=PointField(),
        help_text="`[milliseconds since 1970, value, lowest, highest]`; only time and value for `sum`, `count` and "
        "`delta`, and for texts, of which there are the changes alone. Empty intervals are absent.",
    )


class _Stretch(serializers.Serializer):
    to = serializers.DateTimeField()
    interval = serializers.IntegerField(help_text="Seconds that a point stands for, unless its series is raw.")
    agg = serializers.ChoiceField(choices=Aggregate.choices, allow_null=True)
    time_zone = serializers.CharField(help_text="Intervals of 3 hours and more follow the clocks there.")
    next = serializers.CharField(
        required=False, allow_null=True, help_text="Of `interval=raw` alone: where the next page is, if there is one."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.DateTimeField()}


class HistorySerializer(_Stretch):
    device_id = serializers.CharField()
    series = serializers.DictField(child=SeriesSerializer(), help_text="By the metric's key.")


class OneOfSeveralSerializer(serializers.Serializer):
    series = serializers.DictField(child=SeriesSerializer(), help_text="By the metric's key.")


class ComparisonSerializer(_Stretch):
    devices = serializers.DictField(child=OneOfSeveralSerializer(), help_text="By the device's ID.")


STRETCH = {
    "from": "2025-12-12T12:00:00Z",
    "to": "2025-12-19T12:00:00Z",
    "interval": 1800,
    "agg": "avg",
    "time_zone": "Europe/Vienna",
}
TEMPERATURE = {
    "label": "Temperature",
    "unit": "°C",
    "value_type": "number",
    "kind": "measurement",
    "raw": False,
    "points": [[1765540800000, 54.31, 53.9, 54.8], [1765542600000, 54.02, 53.6, 54.4]],
}
MODE = {
    "label": "Mode",
    "unit": "",
    "value_type": "text",
    "kind": "measurement",
    "raw": True,
    "points": [[1765540800000, "eco"], [1765612345000, "boost"]],
}
EXAMPLE = {"device_id": "WH_01", **STRETCH, "series": {"temperature": TEMPERATURE, "mode": MODE}}
COMPARISON = {**STRETCH, "devices": {name: {"series": {"temperature": TEMPERATURE}} for name in ("WH_01", "WH_02")}}
