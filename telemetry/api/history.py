import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from devices.api.fields import TimeZoneField
from devices.models import Device, MetricKind, ValueType
from telemetry.aggregates import Aggregate
from telemetry.api.csv_table import CSVRenderer
from telemetry.buckets import INTERVALS
from telemetry.chosen import MAX_METRICS
from telemetry.history import MAX_POINTS, MIN_POINTS, POINTS, Downsample, Fill, History, history

DEFAULT_RANGE = timedelta(days=1)
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
HOW = ("points", "interval", "agg", "fill", "downsample", "time_zone")
is_span = re.compile(r"([1-9][0-9]{0,3})([mhdw])").fullmatch
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@extend_schema_field({"type": "string", "pattern": "^[1-9][0-9]{0,3}[mhdw]$", "example": "7d"})
class SpanField(serializers.CharField):
    """`90m`, `24h`, `7d`, `4w`."""

    def to_internal_value(self, data: Any) -> Any:
        if not (span := is_span(super().to_internal_value(data))):
            raise serializers.ValidationError("A number and m, h, d or w, such as 24h or 7d.")
        return timedelta(**{UNITS[span[2]]: int(span[1])})


@extend_schema_field({"type": "string", "format": "date-time"})
class TimeField(serializers.CharField):
    """ISO 8601; without a zone it is UTC, a date alone its midnight."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            time = datetime.fromisoformat(super().to_internal_value(data))
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            raise serializers.ValidationError(
                "A time in ISO 8601, such as 2025-12-19T12:21:20Z (a plus sign is written %2B in addresses)."
            ) from None
        if not EARLIEST <= time < LATEST:
            raise serializers.ValidationError("A time between 1970 and 2199.")
        return time


class HistoryQuery(serializers.Serializer):
    """Which history is asked for."""

    metrics = serializers.CharField(max_length=1000, help_text=f"Up to {MAX_METRICS} keys, separated by commas.")
    range = SpanField(required=False, help_text="How long, up to now or `to`: `90m`, `24h`, `7d`, `4w`. Else a day.")
    to = TimeField(required=False, help_text="The end, itself not in it. Now if absent. Without a zone it is UTC.")
    points = serializers.IntegerField(
        default=POINTS, min_value=MIN_POINTS, max_value=MAX_POINTS, help_text="At most so many points of each metric."
    )
    interval = serializers.ChoiceField(
        choices=list(INTERVALS),
        required=False,
        help_text="One point per interval, in place of `points`. Weeks begin on Mondays.",
    )
    agg = serializers.ChoiceField(
        choices=Aggregate.choices, default=Aggregate.AVG, help_text="What a point says of the readings it stands for."
    )
    fill = serializers.ChoiceField(
        choices=Fill.choices, default=Fill.NONE, help_text="What stands for an interval without a reading."
    )
    downsample = serializers.ChoiceField(
        choices=Downsample.choices, default=Downsample.ENVELOPE, help_text="How many readings become few points."
    )
    time_zone = TimeZoneField(
        required=False, help_text="Where days, weeks and months begin at midnight. The project's if absent."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` cannot be the name of an attribute.
        start = TimeField(required=False, help_text="The beginning, in place of `range`. Without a zone it is UTC.")
        return {**super().get_fields(), "from": start}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if unknown := sorted(set(data) - set(self.fields) - {api_settings.URL_FORMAT_OVERRIDE}):
            raise serializers.ValidationError(dict.fromkeys(unknown, "There is no such parameter here."))
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "range" in attrs:
            raise serializers.ValidationError({"range": "Either `range` or `from`."})
        end = attrs.get("to") or timezone.now()
        return {
            "metrics": attrs["metrics"].split(","),
            "start": attrs.get("from") or end - attrs.get("range", DEFAULT_RANGE),
            "end": end,
            **{name: attrs[name] for name in HOW if name in attrs},
        }


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


class HistorySerializer(serializers.Serializer):
    device_id = serializers.CharField()
    to = serializers.DateTimeField()
    interval = serializers.IntegerField(help_text="Seconds that a point stands for, unless its series is raw.")
    agg = serializers.ChoiceField(choices=Aggregate.choices)
    time_zone = serializers.CharField(help_text="Intervals of 3 hours and more follow the clocks there.")
    series = serializers.DictField(child=SeriesSerializer(), help_text="By the metric's key.")

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.DateTimeField()}


EXAMPLE = {
    "device_id": "WH_01",
    "from": "2025-12-12T12:00:00Z",
    "to": "2025-12-19T12:00:00Z",
    "interval": 1800,
    "agg": "avg",
    "time_zone": "Europe/Vienna",
    "series": {
        "temperature": {
            "label": "Temperature",
            "unit": "°C",
            "value_type": "number",
            "kind": "measurement",
            "raw": False,
            "points": [[1765540800000, 54.31, 53.9, 54.8], [1765542600000, 54.02, 53.6, 54.4]],
        },
        "mode": {
            "label": "Mode",
            "unit": "",
            "value_type": "text",
            "kind": "measurement",
            "raw": True,
            "points": [[1765540800000, "eco"], [1765612345000, "boost"]],
        },
    },
}


class HistoryView(APIView):
    """What metrics of a device were over a stretch of time.

    Where there are no more readings than `points` they come as they are; else one point per interval, with the lowest
    and the highest reading in it, so that no spike is lost. Intervals that `from` or `to` cut into are whole.
    """

    renderer_classes = (*APIView.renderer_classes, CSVRenderer)

    @extend_schema(
        tags=["devices"],
        summary="Show the history of metrics",
        parameters=[HistoryQuery],
        responses={(200, "application/json"): HistorySerializer, (200, "text/csv"): OpenApiTypes.STR},
        examples=[OpenApiExample("A week of a heater", EXAMPLE, response_only=True, media_type="application/json")],
    )
    def get(self, request: Request, device_id: str) -> Response:
        devices = Device.objects.visible_to(request.user).select_related("project")
        device = get_object_or_404(devices, device_id=device_id)
        query = HistoryQuery(data={name: ",".join(values) for name, values in request.query_params.lists()})
        query.is_valid(raise_exception=True)
        found = history(device, **query.validated_data)
        response = Response(as_json(found))
        if request.accepted_renderer.format == CSVRenderer.format:
            name = f"{device_id}_{found.start:%Y-%m-%d}_{found.end:%Y-%m-%d}.csv"
            response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def as_json(found: History) -> dict[str, Any]:
    return {
        "device_id": found.device_id,
        "from": found.start,
        "to": found.end,
        "interval": found.interval,
        "agg": found.agg,
        "time_zone": str(found.time_zone),
        "series": {key: asdict(series) for key, series in found.series.items()},
    }
