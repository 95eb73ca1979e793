"""A rule for devices of other types: first what would come of it, then the copies."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from alerts.models import AlertRule
from alerts.rules import sentence
from devices.models import DeviceType
from devices.permissions import AnyUser

COPIED = ("description", "project", "device_type", "label", "device", "levels", "schedule", "time_zone", "message")


@dataclass(frozen=True, slots=True)
class Copy:
    device_type: DeviceType
    rule: AlertRule
    problem: str  # why it cannot be made; empty if it can

    @property
    def sentence(self) -> str:
        return sentence(self.rule.compiled())

    @property
    def device_count(self) -> int:
        return self.rule.devices().count()


def copy_of(rule: AlertRule) -> AlertRule:
    """Another one that says the same, to be made to fit other devices: not saved, not enabled."""
    return AlertRule(name=_named(rule, "copy"), **{name: getattr(rule, name) for name in COPIED})


def plan(rule: AlertRule, types: Iterable[DeviceType]) -> list[Copy]:
    """A copy for each type, about all its devices where the rule is about one."""
    return [_planned(rule, device_type) for device_type in types]


def make(copies: Iterable[Copy], by: AnyUser) -> list[AlertRule]:
    """Those that can be made; they are not enabled."""
    made = []
    with transaction.atomic():
        for copy in copies:
            if not copy.problem:
                copy.rule.created_by_id = by.pk
                copy.rule.save()
                made.append(copy.rule)
    return made


def _planned(rule: AlertRule, device_type: DeviceType) -> Copy:
    copy = copy_of(rule)
    copy.name, copy.device_type, copy.device = _named(rule, str(device_type)), device_type, None
    same = AlertRule.objects.filter(project=rule.project, device_type=device_type, label=rule.label, levels=rule.levels)
    if there := same.filter(device=None).first():
        return Copy(device_type, copy, f"“{there}” says this of them already.")
    try:
        copy.clean()
    except ValidationError as error:
        return Copy(device_type, copy, " ".join(error.messages))
    return Copy(device_type, copy, "")


def _named(rule: AlertRule, what: str) -> str:
    return f"{rule.name[:70]} ({what[:27]})"
