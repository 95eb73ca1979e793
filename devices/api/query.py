from typing import Any

from rest_framework import serializers
from rest_framework.settings import api_settings


class QuerySerializer(serializers.Serializer):
    """The parameters of an address: those it does not know are refused, each by its name."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if unknown := sorted(set(data) - set(self.fields) - {api_settings.URL_FORMAT_OVERRIDE}):
            sentence = f"There is no such parameter here. There are: {', '.join(sorted(self.fields))}."
            raise serializers.ValidationError(dict.fromkeys(unknown, sentence))
        return super().to_internal_value(data)
