"""Columns of values as PostgreSQL's arrays, for statements that take thousands of rows at once."""

from collections.abc import Iterable
from datetime import datetime

import orjson


def array(values: Iterable[float | str | datetime | None]) -> str:
    """Texts, or finite numbers or times, as the text of an array: for a parameter with a type, `%s::int8[]`.

    psycopg takes lists too, but ten times as long: it asks of each element how it is written. See PostgreSQL's
    documentation, 8.15.6, for what an array's text is.
    """
    column = list(values)
    if any(isinstance(value, str) for value in column):
        return f"{{{','.join(map(_quoted, column))}}}"
    return f"{{{orjson.dumps(column).decode()[1:-1]}}}"


def _quoted(text: object) -> str:
    if text is None:
        return "NULL"
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
