"""docs/asyncapi.yaml, to hold the code against."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Content = dict[str, Any]


@cache
def document() -> Content:
    content: Content = yaml.safe_load(Path(settings.BASE_DIR, "docs", "asyncapi.yaml").read_text())
    return content


def resolve(content: Content) -> Content:
    """What a reference leads to; what is none leads to itself."""
    while "$ref" in content:
        pointer: str = content["$ref"]
        content = document()
        for name in pointer.removeprefix("#/").split("/"):
            content = content[name]
    return content


def messages(address: str, action: str) -> list[Content]:
    """What the portal sends, or receives, at an address."""
    return [
        resolve(message)
        for operation in document()["operations"].values()
        if operation["action"] == action and resolve(operation["channel"])["address"] == address
        for message in operation.get("messages") or resolve(operation["channel"])["messages"].values()
    ]


def type_of(message: Content) -> str:
    """The type of a frame."""
    payload = message["payload"]
    parts = [payload, *payload.get("allOf", ())]
    [kind] = [part["properties"]["type"]["const"] for part in parts if "type" in part.get("properties", {})]
    return str(kind)


def check(payload: Any, message: Content) -> None:
    """Raises AssertionError unless that is what a message may look like."""
    problem = best_match(_validator(id(message), message["payload"]).iter_errors(payload))
    assert problem is None, f"{problem.message} in {payload!r}: docs/asyncapi.yaml describes something else"


def check_frame(address: str, frame: Content) -> None:
    """Raises AssertionError if the portal sends what is not described, at an address that is."""
    described = messages(address, "send")
    if not described:
        return
    kinds = {type_of(message): message for message in described}
    assert frame["type"] in kinds, f"docs/asyncapi.yaml knows no {frame['type']!r} from {address}"
    check(frame, kinds[frame["type"]])


_validators: dict[int, Draft202012Validator] = {}


def _validator(key: int, schema: Content) -> Draft202012Validator:
    if key not in _validators:
        resource = Resource.from_contents(document(), default_specification=DRAFT202012)
        registry: Registry[Any] = Registry().with_resource("urn:asyncapi", resource)
        _validators[key] = Draft202012Validator(_absolute(schema), registry=registry)
    return _validators[key]


def _absolute(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: f"urn:asyncapi{value}" if name == "$ref" else _absolute(value) for name, value in content.items()}
    return [_absolute(part) for part in content] if isinstance(content, list) else content
