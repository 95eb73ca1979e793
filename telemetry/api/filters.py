from django_filters import rest_framework as filters

from devices.models import MetricKind, ValueType
from telemetry.models import Metric


class MetricFilter(filters.FilterSet):
    device = filters.CharFilter(field_name="device__device_id", help_text="The device ID.")
    project = filters.CharFilter(field_name="device__project__slug", help_text="The project's slug.")
    key = filters.CharFilter(help_text="As in the device's messages.")
    value_type = filters.MultipleChoiceFilter(choices=ValueType.choices)
    kind = filters.MultipleChoiceFilter(choices=MetricKind.choices)

    class Meta:
        model = Metric
        fields: tuple[str, ...] = ()
