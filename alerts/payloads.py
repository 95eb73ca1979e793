"""What a webhook is sent: all there is, or what its template says, JSON in whose texts names are filled in. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson

from alerts.messages import InvalidTemplate, check_template

NAMES = (
    "event", "at", "id", "rule", "severity", "status", "message", "what", "value", "limit", "event_time",
    "resolved_at", "device", "device_name", "subject", "project", "url",
)  # fmt: skip
LONGEST = 4_000
DEEPEST = 8


def check_payload(template: Any) -> None:
    """Raises InvalidTemplate unless it is an object or a list whose texts name what there is."""
    if template is None:
        return
    if not isinstance(template, dict | list) or not template:
        raise InvalidTemplate('A template is an object or a list, such as {"text": "{severity}: {message} {url}"}.')
    _check(template, 1)
    try:
        length = len(orjson.dumps(template))
    except TypeError as error:
        raise InvalidTemplate(f"It cannot be sent as JSON: {error}.") from error
    if length > LONGEST:
        raise InvalidTemplate(f"A template has {LONGEST:,} characters at most.")


def fill_payload(template: Any, values: Mapping[str, str]) -> Any:
    """A template that was checked, with its names filled in. The values are texts: they never become structure."""
    match template:
        case str():
            return template.format_map(values)
        case list():
            return [fill_payload(part, values) for part in template]
        case dict():
            return {name: fill_payload(part, values) for name, part in template.items()}
    return template


def _check(part: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise InvalidTemplate(f"A template may be nested {DEEPEST} deep at most.")
    if isinstance(part, str):
        _check_text(part)
        check_template(part, NAMES)
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            _check(inner, depth + 1)
        if isinstance(part, dict):
            for name in part:
                _check_text(name)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidTemplate("A template has no NUL characters.")
