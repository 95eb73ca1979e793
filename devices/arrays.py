"""Columns of values as PostgreSQL's arrays, for statements that take thousands of rows at once."""

from collections.abc import Iterable
from datetime import datetime


def array(values: Iterable[float | str | datetime | None]) -> str:
    """The values as the text of an array, for a parameter with a type: `%s::int8[]`.

    psycopg takes lists too, but ten times as long: it asks of each element how it is written. See PostgreSQL's
    documentation, 8.15.6, for what an array's text is.
    """
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: float | str | datetime | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, datetime):
        return value.isoformat()
    return repr(value)
