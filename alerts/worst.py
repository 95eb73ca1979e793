"""The worst open alert of devices: what they are coloured by."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef

from alerts.evaluator import SEVERITIES
from alerts.models import Alert
from devices.models.device import DeviceQuerySet

# What a filter of devices offers: any open alert, or one that is as severe.
WITH_ALERTS = {"open": "With alerts", "critical": "With critical alerts"}


def worst_of(devices: Iterable[int]) -> dict[int, str]:
    """The severity of the worst open alert, by the keys of those devices that have one; one query."""
    alerts = Alert.objects.open().filter(device__in=list(devices)).order_by()
    rank = [str(severity) for severity in SEVERITIES]
    found = sorted(alerts.values_list("device_id", "severity").distinct(), key=lambda pair: -rank.index(pair[1]))
    return dict(found)


def with_alerts(devices: DeviceQuerySet, which: str) -> DeviceQuerySet:
    """Those that have an open alert, of the kind that is a key of WITH_ALERTS."""
    alerts = Alert.objects.open().filter(device=OuterRef("pk"))
    return devices.filter(Exists(alerts.filter(severity="critical") if which == "critical" else alerts))
