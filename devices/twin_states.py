"""What is wanted of a device and what it says of itself, compared: pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Json = dict[str, Any]


def merged(state: Mapping[str, Any], patch: Mapping[str, Any]) -> Json:
    """`state` with `patch` applied as a JSON merge patch (RFC 7396): null removes a key."""
    result = dict(state)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            inner = result.get(key)
            result[key] = merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def delta(desired: Mapping[str, Any], reported: Mapping[str, Any]) -> Json:
    """The part of what is desired that the device has not reported. What it reports besides is its own affair."""
    difference: Json = {}
    for key, wanted in desired.items():
        if key not in reported:
            difference[key] = wanted
        elif isinstance(wanted, Mapping) and isinstance(reported[key], Mapping):
            if inner := delta(wanted, reported[key]):
                difference[key] = inner
        elif not same(wanted, reported[key]):
            difference[key] = wanted
    return difference


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What became of the keys that are not as they were: `{"mode": {"from": "eco", "to": "off"}}`; null is nothing."""
    return {
        key: {"from": before.get(key), "to": after.get(key)}
        for key in sorted({*before, *after})
        if not same(before.get(key), after.get(key))
    }


def pending(before: Mapping[str, str], wanted: Mapping[str, Any], difference: Mapping[str, Any], now: datetime) -> Json:
    """Since when each key waits for the device, as ISO times: what has just been `wanted` since now."""
    return {key: now.isoformat() if key in wanted else before.get(key, now.isoformat()) for key in difference}


def same(one: object, other: object) -> bool:
    """Equal as JSON: 55 and 55.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
