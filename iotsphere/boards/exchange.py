"""A dashboard as a file: what it looks like, and what can be taken of one."""

from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

FORMAT = "iotsphere-dashboard"
VERSION = 1
IN_FILES = ("kind", "x", "y", "w", "h", "title", "settings")

Json = dict[str, Any]


def as_file(name: str, widgets: Iterable[Mapping[str, Any]]) -> Json:
    """Without what is withheld from whoever takes it out."""
    shown = [widget for widget in widgets if not widget.get("is_withheld")]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "widgets": [{field: widget[field] for field in IN_FILES} for widget in shown],
    }


def new_id() -> str:
    return token_hex(4)
