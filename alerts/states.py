"""What a rule remembers of a device, as text for the database and back. Pure."""

from math import inf
from typing import Any

import orjson

from alerts.conditions import Known, WindowSpec
from alerts.evaluator import BLANK, CompiledRule, Latch, Position, Severity, State, Status
from alerts.windows import Slice


def dump(rule: CompiledRule, state: State) -> str:
    """Windows of which nothing is left to say are left out, and so is what the rule no longer asks for."""
    return orjson.dumps(
        {
            "latches": {severity.value: list(latch) for severity, latch in state.latches.items()},
            "values": {key: list(known) for key, known in state.values.items() if key in rule.keys},
            "windows": [[*spec, [list(piece) for piece in window]] for spec, window in state.windows.items()],
            "seen": None if state.seen == -inf else state.seen,
            "severity": state.severity,
            "status": state.status,
        }
    ).decode()


def load(text: str) -> State:
    """What dump() wrote; of another revision of the rule, too: latches belong to severities, windows to their specs."""
    if not text:
        return BLANK
    said: dict[str, Any] = orjson.loads(text)
    return State(
        latches={
            Severity(severity): Latch(Position(position), since, count)
            for severity, (position, since, count) in said["latches"].items()
        },
        values={key: Known(*known) for key, known in said["values"].items()},
        windows={
            WindowSpec(key, seconds): tuple(Slice(*piece) for piece in pieces)
            for key, seconds, pieces in said["windows"]
        },
        seen=-inf if said["seen"] is None else said["seen"],
        severity=said["severity"] and Severity(said["severity"]),
        status=Status(said["status"]),
    )


def is_worth_keeping(rule: CompiledRule, state: State) -> bool:
    return rule.remembers or bool(state.latches) or state.severity is not None
