from django.utils import timezone
from django_filters import rest_framework as filters

from alerts.models import Alert, AlertRule, Notification, NotificationStatus, Silence, Transport
from alerts.models.alert import AlertQuerySet, AlertStatus, Severity
from alerts.models.silence import SilenceQuerySet


class AlertFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    device = filters.CharFilter(field_name="device__device_id", help_text="The device ID.")
    rule = filters.NumberFilter(field_name="rule", help_text="The rule's number.")
    severity = filters.MultipleChoiceFilter(choices=Severity.choices)
    status = filters.MultipleChoiceFilter(choices=AlertStatus.choices)
    is_open = filters.BooleanFilter(method="open", help_text="It is not resolved.")
    is_acknowledged = filters.BooleanFilter(
        field_name="acknowledged_at", lookup_expr="isnull", exclude=True, help_text="Somebody has seen it."
    )
    assigned_to = filters.CharFilter(field_name="assigned_to__username", help_text="The user name.")
    after = filters.IsoDateTimeFilter(field_name="event_time", lookup_expr="gte", help_text="Raised at or after.")
    before = filters.IsoDateTimeFilter(field_name="event_time", lookup_expr="lt", help_text="Raised before.")

    class Meta:
        model = Alert
        fields: tuple[str, ...] = ()

    def open(self, alerts: AlertQuerySet, name: str, is_open: bool) -> AlertQuerySet:
        return alerts.filter(resolved_at__isnull=is_open)


class AlertRuleFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    device_type = filters.CharFilter(field_name="device_type__slug", help_text="The type's slug.")
    device = filters.CharFilter(field_name="device__device_id", help_text="The device ID.")
    is_enabled = filters.BooleanFilter()

    class Meta:
        model = AlertRule
        fields: tuple[str, ...] = ()


class SilenceFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug", help_text="The project's slug.")
    is_active = filters.BooleanFilter(method="active", help_text="It has begun and not ended.")

    class Meta:
        model = Silence
        fields: tuple[str, ...] = ()

    def active(self, silences: SilenceQuerySet, name: str, is_active: bool) -> SilenceQuerySet:
        now = silences.at(timezone.now())
        return now if is_active else silences.exclude(pk__in=now)


class NotificationFilter(filters.FilterSet):
    is_read = filters.BooleanFilter(field_name="read_at", lookup_expr="isnull", exclude=True)
    transport = filters.MultipleChoiceFilter(choices=Transport.choices)
    status = filters.MultipleChoiceFilter(choices=NotificationStatus.choices)

    class Meta:
        model = Notification
        fields: tuple[str, ...] = ()
