"""What a rule says that can never be, or always is: found by trying the values around its limits. Pure.

Only what one condition says of one and the same measure (a metric, or one aggregate of it) against numbers is looked
at: what several measures do together, nobody knows beforehand.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from alerts.conditions import COMPARE, Compare, Condition, InvalidCondition, Several, WindowSpec
from alerts.evaluator import Level

Measure: TypeAlias = tuple[str, str, WindowSpec | None, float]


def check_levels(levels: Sequence[Level]) -> None:
    """Raises InvalidCondition with the first contradiction. `levels`: the worst first."""
    for level in levels:
        _check_level(level)
    for number, lesser in enumerate(levels):
        for worse in levels[:number]:
            if _is_hidden(lesser, worse):
                raise InvalidCondition(
                    f"It can never be {lesser.severity}: whenever {lesser.when.sentence()}, it is {worse.severity}."
                )


def _check_level(level: Level) -> None:
    _check_condition(level.when)
    if level.for_readings > 1 and not any(key and not key.startswith("$") for key in level.when.keys):
        raise InvalidCondition(
            "Silence and presence bring no readings to be counted: use “for” in place of “readings”."
        )
    if level.clear is None:
        return
    _check_condition(level.clear)
    samples = _samples(level.when, level.clear)
    if any(_holds(level.when, value) and _holds(level.clear, value) for value in samples):
        raise InvalidCondition(
            f"“{level.clear.sentence()}” clears what “{level.when.sentence()}” raises: both can be so at once."
        )


def _check_condition(condition: Condition) -> None:
    for part in _wholes(condition):
        truths = {_holds(part, value) for value in _samples(part)}
        if truths == {False}:
            raise InvalidCondition(f"It can never be that {part.sentence()}.")
        if truths == {True}:
            raise InvalidCondition(f"It is always so that {part.sentence()}.")


def _wholes(condition: Condition) -> Iterator[Condition]:
    """The parts that speak of one measure each, as much as does so together."""
    if _measure(condition) is not None:
        yield condition
    elif isinstance(condition, Several):
        groups: dict[Measure, list[Condition]] = {}
        for part in condition.parts:
            measure = _measure(part)
            if measure is None:
                yield from _wholes(part)
            else:
                groups.setdefault(measure, []).append(part)
        for parts in groups.values():
            yield parts[0] if len(parts) == 1 else Several(tuple(parts), condition.every)


def _is_hidden(lesser: Level, worse: Level) -> bool:
    """Whether the worse level is always reached before, or with, the lesser one."""
    if worse.for_seconds > lesser.for_seconds or worse.for_readings > lesser.for_readings:
        return False
    samples = _samples(lesser.when, worse.when)
    return bool(samples) and all(_holds(worse.when, value) for value in samples if _holds(lesser.when, value))


def _measure(condition: Condition) -> Measure | None:
    """What a condition is about, if it is about one measure and numbers alone."""
    if isinstance(condition, Several):
        measures = {_measure(part) for part in condition.parts}
        return measures.pop() if len(measures) == 1 else None
    if not isinstance(condition, Compare) or condition.other or isinstance(condition.limit, str | bool | None):
        return None
    return condition.key, condition.agg, condition.window, condition.target


def _samples(*conditions: Condition) -> list[float]:
    """A value for everything that may be told apart: each limit, and between and beyond them. None of two measures."""
    measures = {_measure(condition) for condition in conditions}
    if len(measures) != 1 or None in measures:
        return []
    limits = sorted({limit for condition in conditions for limit in _limits(condition)})
    between = [(low + high) / 2 for low, high in pairwise(limits)]
    return [limits[0] - 1 - abs(limits[0]), *limits, *between, limits[-1] + 1 + abs(limits[-1])]


def _limits(condition: Condition) -> Iterator[float]:
    if isinstance(condition, Several):
        for part in condition.parts:
            yield from _limits(part)
    elif isinstance(condition, Compare):
        limit = condition.limit
        yield from limit if isinstance(limit, tuple) else [float(limit or 0)]


def _holds(condition: Condition, value: float) -> bool:
    if isinstance(condition, Several):
        return (all if condition.every else any)(_holds(part, value) for part in condition.parts)
    if not isinstance(condition, Compare):
        raise TypeError("Only comparisons have samples.")
    if isinstance(condition.limit, tuple):
        return not condition.limit[0] <= value <= condition.limit[1]
    return COMPARE[condition.operator](value, condition.limit)
