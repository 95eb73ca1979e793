from typing import Any

import pytest
from django.core.exceptions import ValidationError

from devices.schemas import complaints, unstorable, validate_schema

pytestmark = pytest.mark.once

TARGET = {
    "type": "object",
    "properties": {"target": {"type": "number", "minimum": 30, "maximum": 75}},
    "additionalProperties": False,
}


def deep(levels: int) -> dict[str, Any]:
    return {"a": deep(levels - 1)} if levels else {}


def test_what_fits_is_not_complained_about() -> None:
    assert complaints(TARGET, {"target": 55}) == []


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"target": 90}, "target: 90 is greater"),
        ({"target": "hot"}, "target: 'hot' is not of type"),
        ({"mode": "eco"}, "'mode' was unexpected"),
        ([], "must be an object"),
        ({"target": "\0"}, "NUL"),
        ({"target": "\ud800"}, "Unicode"),
        ({"target": 2**70}, "64 bits"),
        ({"target": "x" * 10_000}, "bytes"),
        (deep(17), "levels deep"),
        (deep(900), "levels deep"),
    ],
)
def test_what_does_not_fit_is_named(value: Any, word: str) -> None:
    [complaint] = complaints(TARGET, value)
    assert word in complaint


def test_without_a_schema_there_are_no_parameters() -> None:
    assert complaints({}, {}) == []
    assert complaints({}, {"x": 1}) != []


def test_nothing_is_fetched_from_addresses_in_a_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/schema.json"}}}
    assert "refers to" in complaints(schema, {"a": 1})[0]


def test_the_text_backslash_u0000_is_no_nul() -> None:
    assert unstorable({"a": "\\u0000"}) == ""


@pytest.mark.parametrize("schema", [{}, TARGET, {"type": "object"}])
def test_a_schema_of_an_object_is_one(schema: Any) -> None:
    validate_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        [],
        None,
        {"type": "string"},
        {"type": "object", "properties": {"a": {"type": "strin"}}},
        {"type": "object", "minProperties": -1},
        {"type": "object", "allOf": [{"$ref": "http://127.0.0.1:9/x"}]},
    ],
)
def test_what_is_no_schema_of_an_object_is_refused(schema: Any) -> None:
    with pytest.raises(ValidationError):
        validate_schema(schema)
