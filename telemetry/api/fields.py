"""Times and spans of time in addresses."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
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
