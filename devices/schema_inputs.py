"""What people fill in for an object that a JSON Schema describes: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = {"number": "number", "integer": "integer", "boolean": "boolean", "string": "text"}


@dataclass(frozen=True, slots=True)
class Input:
    """One property. What is too intricate for an input of its own (objects, lists) has none: it is for the API."""

    key: str
    label: str
    hint: str
    kind: str  # number, integer, boolean, text or choice
    required: bool
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[Any, ...] = ()

    @property
    def is_number(self) -> bool:
        return self.kind in {"number", "integer"}

    @property
    def has_range(self) -> bool:
        return self.is_number and self.minimum is not None and self.maximum is not None


def inputs(schema: Mapping[str, Any]) -> list[Input]:
    """In the schema's order."""
    required = schema.get("required", ())
    properties = schema.get("properties", {})
    return [
        made for key, rule in properties.items() if (made := _input(key, rule, is_required=key in required)) is not None
    ]


def _input(key: str, rule: Any, *, is_required: bool) -> Input | None:
    if not isinstance(rule, Mapping):
        return None
    choices = tuple(rule.get("enum", ()))
    simple = all(isinstance(choice, str | int | float | bool) for choice in choices)
    kind = "choice" if choices and simple else KINDS.get(str(rule.get("type")), "")
    if not kind:
        return None
    return Input(
        key=key,
        label=str(rule.get("title") or key.replace("_", " ").capitalize()),
        hint=str(rule.get("description", "")),
        kind=kind,
        required=is_required,
        default=rule.get("default"),
        minimum=_number(rule.get("minimum")),
        maximum=_number(rule.get("maximum")),
        step=_number(rule.get("multipleOf")) or (1 if kind == "integer" else None),
        choices=choices if kind == "choice" else (),
    )


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
