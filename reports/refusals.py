"""Why a report cannot be made, as reports.question says it, for pages and mails. Pure."""

from collections.abc import Iterator
from typing import Any

from rest_framework.exceptions import APIException, ValidationError


def sentences(error: APIException) -> dict[str, list[str]]:
    """By parameter; what belongs to none is under the empty name."""
    if isinstance(error, ValidationError) and isinstance(error.detail, dict):
        return {
            "" if name == "non_field_errors" else name: list(_flat(detail)) for name, detail in error.detail.items()
        }
    return {"": list(_flat(error.detail))}


def sentence(error: APIException) -> str:
    """All of it in one line."""
    found = sentences(error)
    return " ".join(f"{name}: {text}" if name else text for name, texts in found.items() for text in texts)


def _flat(detail: Any) -> Iterator[str]:
    if isinstance(detail, dict):
        for inner in detail.values():
            yield from _flat(inner)
    elif isinstance(detail, list | tuple):
        for inner in detail:
            yield from _flat(inner)
    else:
        yield str(detail)
