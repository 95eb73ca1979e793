from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from rest_framework import serializers


class Named(serializers.SlugRelatedField):
    """A row by its name in addresses, of those that the person may see."""

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        return rows.visible_to(self.context["request"].user) if hasattr(rows, "visible_to") else rows

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(serializers.CharField(max_length=200).run_validation(data))


class TimeZoneField(serializers.CharField):
    """The name of a time zone, such as Europe/Vienna."""

    def to_internal_value(self, data: Any) -> Any:
        name = super().to_internal_value(data)
        if name not in _names():
            raise serializers.ValidationError(f"{name!r} is no time zone. They are named like Europe/Vienna or UTC.")
        return ZoneInfo(name)

    def to_representation(self, value: Any) -> str:
        return str(value)


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
