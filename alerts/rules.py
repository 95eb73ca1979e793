"""What a rule's JSON says, and the sentence it says it with. Pure.

`levels` is a list, one entry for each severity it may have:

    {"severity": "critical", "when": condition, "clear": condition, "for": 600, "readings": 3, "clear_for": 120}

Only severity and when are needed. `for` and `clear_for` are seconds, `readings` how many in a row. Conditions are
those of alerts.conditions.
"""

from typing import Any

from alerts.conditions import InvalidCondition, read_condition, span, within
from alerts.evaluator import SEVERITIES, CompiledRule, Level, Severity
from alerts.schedule import read_schedule

MAX_WAIT = 7 * 86_400
MAX_READINGS = 1000


def compile_rule(pk: int, revision: int, levels: Any, schedule: Any, zone: str) -> CompiledRule:
    """Raises InvalidCondition or InvalidSchedule, which say what is wrong in a sentence."""
    if not isinstance(levels, list) or not levels:
        raise InvalidCondition("A rule has one level at least.")
    read = [_read_level(number, said) for number, said in enumerate(levels)]
    severities = [level.severity for level in read]
    if len(set(severities)) < len(severities):
        raise InvalidCondition("Each severity can have one level only.")
    in_order = sorted(read, key=lambda level: SEVERITIES.index(level.severity))
    return CompiledRule(pk, revision, tuple(in_order), read_schedule(schedule, zone))


def sentence(rule: CompiledRule) -> str:
    """What the rule will do, for people, such as: High when cpu is above 85 for 10 min until cpu is below 75."""
    parts = [_level_sentence(level) for level in rule.levels]
    return " ".join(parts) + (f" Only {rule.schedule.sentence()}." if rule.schedule else "")


def _level_sentence(level: Level) -> str:
    words = [f"{level.severity.capitalize()} when {level.when.sentence()}"]
    if level.for_seconds:
        words.append(f"for {span(level.for_seconds)}")
    if level.for_readings > 1:
        words.append(f"in {level.for_readings} readings in a row")
    if level.clear is not None:
        words.append(f"until {level.clear.sentence()}")
    elif level.clear_for_seconds:
        words.append("until that is no longer so")
    if level.clear_for_seconds:
        words.append(f"for {span(level.clear_for_seconds)}")
    return " ".join(words) + "."


def _read_level(number: int, said: Any) -> Level:
    with within(number):
        return _level(said)


def _level(said: Any) -> Level:
    if not isinstance(said, dict):
        raise InvalidCondition('A level is an object with "severity" and "when".')
    strange = said.keys() - {"severity", "when", "clear", "for", "readings", "clear_for"}
    if strange:
        raise InvalidCondition(f'"{min(strange)}" does not belong into a level.')
    if said.get("severity") not in SEVERITIES:
        raise InvalidCondition(f'"severity" is one of {", ".join(SEVERITIES)}.')
    with within("when"):
        when = read_condition(said.get("when"))
    with within("clear"):
        clear = read_condition(said["clear"]) if said.get("clear") else None
    return Level(
        Severity(said["severity"]),
        when,
        clear,
        _seconds(said, "for"),
        int(_count(said, "readings", 1, MAX_READINGS)),
        _seconds(said, "clear_for"),
    )


def _seconds(said: dict[str, Any], name: str) -> float:
    return _count(said, name, 0, MAX_WAIT)


def _count(said: dict[str, Any], name: str, least: int, most: int) -> float:
    number = said.get(name, least)
    if isinstance(number, bool) or not isinstance(number, int | float) or not least <= number <= most:
        raise InvalidCondition(f'"{name}" is a number from {least} to {most}.')
    return float(number)
