"""What templates of alerts say about rules."""

from collections.abc import Mapping
from datetime import timedelta

from django import template

from alerts.conditions import InvalidCondition
from alerts.models import AlertRule
from alerts.rules import sentence
from alerts.schedule import InvalidSchedule

register = template.Library()


@register.filter
def does(rule: AlertRule) -> str:
    """What a rule does, in a sentence; or why it cannot be understood."""
    try:
        return sentence(rule.compiled())
    except (InvalidCondition, InvalidSchedule) as error:
        return str(error)


@register.filter
def about(rule: AlertRule) -> str:
    """Which devices a rule is about."""
    kind = f"Devices of type {rule.device_type}" if rule.device_type else "All devices"
    labelled = f"labelled {rule.label}" if rule.label else ""
    where = f"in {rule.project}" if rule.project else ""
    if rule.device is not None:
        return str(rule.device)
    return " ".join(filter(None, (kind, labelled, where)))


@register.filter
def of(counts: Mapping[int, int], key: int) -> int:
    """The count that belongs to a key; 0 if there is none."""
    return counts.get(key, 0)


@register.filter
def worded(value: str) -> str:
    """`no_data` as people write it."""
    return value.replace("_", " ").capitalize()


@register.filter
def per(count: float, days: int) -> float:
    return count / days


@register.filter
def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@register.filter
def minus(whole: float, part: float) -> float:
    return whole - part
