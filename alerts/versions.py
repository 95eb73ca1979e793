"""Who changed what of a rule, and when, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from alerts.conditions import InvalidCondition
from alerts.models import AlertRule
from alerts.rules import compile_rule, sentence
from alerts.schedule import InvalidSchedule

SHOWN = {
    "name": "Name",
    "description": "Description",
    "project": "Project",
    "device_type": "Device type",
    "label": "Label",
    "device": "Device",
    "message": "Message",
    "time_zone": "Time zone",
    "is_enabled": "Enabled",
}
VERSIONS = 100


@dataclass(frozen=True, slots=True)
class Difference:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    at: datetime
    by: Any  # None: the portal itself, or somebody who is gone
    revision: int
    is_first: bool
    differences: tuple[Difference, ...]


def versions(rule: AlertRule) -> list[Version]:
    """The newest first; of those that changed nothing but what the portal notes for itself, none."""
    history = rule.history.select_related("history_user", "project", "device_type", "device")
    rows = list(history.order_by("-history_date", "-history_id")[: VERSIONS + 1])
    found = [
        Version(row.history_date, row.history_user, row.revision, False, tuple(_differences(before, row)))
        for row, before in pairwise(rows)
    ]
    if rows and len(rows) <= VERSIONS:
        first = rows[-1]
        found.append(Version(first.history_date, first.history_user, first.revision, True, ()))
    return [version for version in found if version.is_first or version.differences]


def _differences(before: Any, after: Any) -> Iterator[Difference]:
    says = _does(before), _does(after)
    if says[0] != says[1]:
        yield Difference("What it does", *says)
    elif before.levels != after.levels:
        yield Difference("How it is written", str(before.levels), str(after.levels))
    for name, label in SHOWN.items():
        was, became = getattr(before, name), getattr(after, name)
        if was != became:
            yield Difference(label, _in_words(was), _in_words(became))


def _does(row: Any) -> str:
    """The zone is shown for itself."""
    try:
        return sentence(compile_rule(row.id, row.revision, row.levels, row.schedule, row.time_zone or "UTC"))
    except (InvalidCondition, InvalidSchedule) as error:
        return str(error)


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in {None, ""} else "–"
