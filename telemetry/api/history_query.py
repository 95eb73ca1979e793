"""What may be asked of history, and what is said about it when it cannot be understood."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from devices.api.fields import TimeZoneField
from devices.api.query import QuerySerializer
from telemetry.aggregates import Aggregate
from telemetry.api.fields import SpanField, TimeField
from telemetry.buckets import INTERVALS
from telemetry.chosen import MAX_DEVICES, MAX_METRICS
from telemetry.history import MAX_POINTS, MIN_POINTS, POINTS, Downsample, Fill

RAW = "raw"
DEFAULT_RANGE = timedelta(days=1)


class HistoryQuery(QuerySerializer):
    """Which history is asked for."""

    metrics = serializers.CharField(max_length=1000, help_text=f"Up to {MAX_METRICS} keys, separated by commas.")
    range = SpanField(required=False, help_text="How long, up to now or `to`: `90m`, `24h`, `7d`, `4w`. Else a day.")
    to = TimeField(required=False, help_text="The end, itself not in it. Now if absent. Without a zone it is UTC.")
    points = serializers.IntegerField(
        default=POINTS,
        min_value=MIN_POINTS,
        max_value=MAX_POINTS,
        help_text="At most so many points of each metric; with `interval=raw` so many readings on a page.",
    )
    interval = serializers.ChoiceField(
        choices=[*INTERVALS, RAW],
        required=False,
        help_text="One point per interval, in place of `points`; weeks begin on Mondays. `raw`: all readings as they "
        "are, page by page.",
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
        required=False, help_text="Where days, weeks, months and years begin at midnight. The project's if absent."
    )
    cursor = serializers.CharField(
        max_length=100, required=False, help_text="Which page of `interval=raw`: as `next` of the one before says."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` cannot be the name of an attribute.
        start = TimeField(required=False, help_text="The beginning, in place of `range`. Without a zone it is UTC.")
        return {**super().get_fields(), "from": start}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "range" in attrs:
            raise serializers.ValidationError({"range": "Either `range` or `from`."})
        if attrs.get("interval") != RAW and "cursor" in attrs:
            raise serializers.ValidationError({"cursor": "Only `interval=raw` has pages."})
        if attrs.get("interval") == RAW and (useless := sorted({"agg", "downsample", "fill"} & set(self.initial_data))):
            sentence = "Readings as they are have none: leave it out, or choose another interval than raw."
            raise serializers.ValidationError(dict.fromkeys(useless, sentence))
        attrs["to"] = attrs.get("to") or timezone.now()
        attrs.setdefault("from", attrs["to"] - attrs.get("range", DEFAULT_RANGE))
        return attrs


class ComparisonQuery(HistoryQuery):
    """Of which devices, besides."""

    devices = serializers.CharField(max_length=1000, help_text=f"Up to {MAX_DEVICES} device IDs, separated by commas.")
