"""JSON Schemas of what devices accept (settings, parameters of commands), and what is wrong with values by them."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.exceptions import ValidationError as Mismatch
from referencing import Registry
from referencing.exceptions import Unresolvable

Json = dict[str, Any]

MOST_BYTES = 8 * 1024
MOST_LEVELS = 16
MOST_COMPLAINTS = 10
NO_PARAMETERS: Json = {"type": "object", "properties": {}, "additionalProperties": False}

EXAMPLE = '{"type": "object", "properties": {"seconds": {"type": "integer", "minimum": 1}}, "required": ["seconds"]}'


def validate_schema(schema: object) -> None:
    """For model fields: raise ValidationError unless `schema` describes an object. Nothing ({}) is no schema yet."""
    if schema == {}:
        return
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ValidationError(f"A schema describes an object, as in {EXAMPLE}.")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValidationError(f"This is no JSON Schema: {_place(error)}{error.message}.") from error
    if foreign := next((ref for ref in _refs(schema) if not str(ref).startswith("#")), None):
        raise ValidationError(f"A schema may refer to its own parts alone, not to {foreign!r}.")


def complaints(schema: Json, value: object) -> list[str]:
    """What is wrong with an object by its schema, in sentences; nothing if it fits."""
    if detail := unstorable(value):
        return [detail]
    try:
        found = sorted(_validator(schema).iter_errors(value), key=lambda error: [str(step) for step in error.path])
    except Unresolvable as error:
        return [f"The schema refers to {error.ref!r}, which is not in it."]
    return [f"{_place(error)}{_shortened(error.message)}." for error in found[:MOST_COMPLAINTS]]


def unstorable(value: object) -> str:
    """Why a value from outside cannot be kept, whatever its schema; empty if it can."""
    if not isinstance(value, dict):
        return "It must be an object."
    try:
        if _is_deeper(value, MOST_LEVELS):
            return f"It may be {MOST_LEVELS} levels deep."
        body = orjson.dumps(value)
    except (orjson.JSONEncodeError, RecursionError):
        return "It must be JSON, its texts Unicode and its whole numbers of 64 bits at most."
    if len(body) > MOST_BYTES:
        return f"It may have {MOST_BYTES} bytes; this has {len(body)}."
    if _holds_nul(value):
        return "Its texts must not hold the character NUL."
    return ""


def _validator(schema: Json) -> Draft202012Validator:
    # With a registry of its own nothing is ever fetched from the addresses that a schema names.
    return Draft202012Validator(schema or NO_PARAMETERS, registry=Registry())


def _refs(schema: object) -> Iterator[object]:
    if isinstance(schema, Mapping):
        yield from (value for key, value in schema.items() if key in {"$ref", "$dynamicRef"})
    for inner in _inner(schema):
        yield from _refs(inner)


def _place(error: SchemaError | Mismatch) -> str:
    return f"{'.'.join(str(step) for step in error.path)}: " if error.path else ""


def _shortened(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:200]}…"


def _is_deeper(value: object, levels: int) -> bool:
    inner = _inner(value)
    return any(_is_deeper(item, levels - 1) for item in inner) if levels else next(inner, None) is not None


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    return any(map(_holds_nul, value if isinstance(value, Mapping) else ())) or any(map(_holds_nul, _inner(value)))


def _inner(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
