from django_filters import rest_framework as filters

from devices.api.filters import OfDeviceFilter
from devices.models import MetricKind, ValueType
from telemetry.models import Metric


class MetricFilter(OfDeviceFilter):
    key = filters.CharFilter(help_text="As in the device's messages.")
    value_type = filters.MultipleChoiceFilter(choices=ValueType.choices)
    kind = filters.MultipleChoiceFilter(choices=MetricKind.choices)

    class Meta:
        model = Metric
        fields: tuple[str, ...] = ()
