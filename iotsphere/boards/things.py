"""What the page of a dashboard has to know of devices: names, metrics with their latest values, what they take."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from devices.models import Device, Project, Twin
from devices.models.device import DeviceQuerySet
from devices.permissions import AnyUser, Permission
from devices.presence import offline_after
from devices.schema_inputs import Input, inputs
from iotsphere.boards.kinds import devices_in
from iotsphere.models import Dashboard
from telemetry.values import Shown, with_metrics

Json = dict[str, Any]


def things_of(dashboard: Dashboard, user: AnyUser) -> dict[str, Json]:
    """The devices that its widgets name and the person may see, by ID."""
    named = set().union(*(devices_in(widget["settings"]) for widget in dashboard.widgets))
    found = Device.objects.visible_to(user).filter(device_id__in=named)
    return {thing["device_id"]: thing for thing in things(found, user)}


def things(devices: DeviceQuerySet, user: AnyUser) -> list[Json]:
    """As many queries for a hundred devices as for one."""
    rows = list(devices.select_related("project", "device_type").prefetch_related("device_type__commands"))
    twins = {twin.device_id: twin for twin in Twin.objects.filter(device__in=rows)}
    may_command, may_set = (
        set(Project.objects.where_user_may(user, permission).values_list("pk", flat=True))
        for permission in (Permission.SEND_COMMANDS, Permission.EDIT_TWIN)
    )
    return [
        {
            **_device(device, metrics),
            **_control(device, twins.get(device.pk) or Twin(device=device)),
            "mayCommand": device.project_id in may_command,
            "maySet": device.project_id in may_set,
        }
        for device, metrics in with_metrics(rows)
    ]


def _device(device: Device, metrics: Iterable[Shown]) -> Json:
    return {
        "device_id": device.device_id,
        "name": str(device),
        "address": reverse("device", args=[device.device_id]),
        "history": reverse("api:history", args=[device.device_id]),
        "project": str(device.project),
        "type": str(device.device_type or ""),
        "presence": device.presence,
        "last_message": device.last_message,
        # Devices may report what has changed and repeat the rest rarely.
        "freshFor": 10 * offline_after(device.expected_interval).total_seconds(),
        "metrics": {metric.key: _metric(metric) for metric in metrics},
    }


def _metric(metric: Shown) -> Json:
    return {
        "key": metric.key,
        "label": metric.label,
        "unit": metric.unit,
        "type": metric.value_type,
        "precision": metric.precision,
        "minimum": metric.minimum,
        "maximum": metric.maximum,
        "counter": metric.is_counter,
        "target": metric.is_target,
        "headline": metric.headline,
        "value": metric.latest,
        "time": metric.time,
    }


def _control(device: Device, twin: Twin) -> Json:
    kind = device.device_type
    return {
        "settings": {each.key: _input(each) for each in inputs(kind.settings_schema if kind else {})},
        "commands": {
            each.name: {
                "label": each.label,
                "about": each.description,
                "asks": each.needs_confirmation or each.is_destructive,
                "isDestructive": each.is_destructive,
                "inputs": [_input(one) for one in inputs(each.params_schema)],
            }
            for each in (kind.commands.all() if kind else ())
        },
        "twin": {"version": twin.version, "desired": twin.desired, "reported": twin.reported, "pending": twin.pending},
        "twinAddress": reverse("api:twin", args=[device.device_id]),
    }


def _input(one: Input) -> Json:
    return {
        "key": one.key,
        "label": one.label,
        "hint": one.hint,
        "kind": one.kind,
        "required": one.required,
        "default": one.default,
        "low": one.minimum,
        "high": one.maximum,
        "step": one.step,
        "choices": one.choices,
    }
