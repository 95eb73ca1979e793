"""What senders say of predictions and outcomes, row by row: what cannot be, with the reason, and the rest. Pure."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

MOST_ROWS = 5_000
LONGEST_KEY = 100
LONGEST_SEGMENT = 64
AHEAD = timedelta(minutes=5)
FIRST_MILLISECONDS = 1e11
OUTPUT, SCORE = "$prediction", "$score"
"""What a version says is watched like what it is told."""
RESERVED = {"id", "time", "version", "device", "predicted", "actual", "score", "segment", "features"}
YES, NO = {"true", "1", "yes"}, {"false", "0", "no"}


class Refused(ValueError):
    """Why a row is not taken, in a sentence for its sender."""


@dataclass(frozen=True, slots=True, order=True)
class Rejected:
    index: int
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What the rows of a version look like: the declared kinds of its features, and what it predicts."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    classifies: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    index: int
    key: str
    time: datetime
    version: str
    device: str
    label: str
    value: float | None
    score: float | None
    segment: str
    features: dict[str, float | str | bool | None]


class Truth(NamedTuple):
    key: str
    label: str
    value: float | None


def read_csv(text: str) -> list[dict[str, Any]]:
    """Rows of a table with a header. Columns without a meaning of their own are features; empty cells are missing."""
    reader = csv.DictReader(io.StringIO(text))
    rows: list[dict[str, Any]] = []
    for cells in reader:
        if len(rows) > MOST_ROWS:
            break
        given = {name: value for name, value in cells.items() if name and isinstance(value, str)}
        row: dict[str, Any] = {name: value for name, value in given.items() if name in RESERVED and value != ""}
        row["features"] = {name: Cell(value) for name, value in given.items() if name not in RESERVED}
        for name in ("predicted", "actual", "score"):
            if name in row:
                row[name] = Cell(row[name])
        rows.append(row)
    return rows


class Cell(str):
    """A text of a table, that stands for whatever is declared."""

    __slots__ = ()


def read_row(said: Any, index: int, schemas: Mapping[str, Schema], usual: str, now: datetime) -> Row:
    """One prediction. Raises Refused."""
    key = read_key(said)
    version = said.get("version", usual)
    if not isinstance(version, str) or version not in schemas:
        known = ", ".join(sorted(schemas)) or "none yet"
        raise Refused(f"There is no version {str(version)[:64]!r} of this model. There are: {known}.")
    schema = schemas[version]
    label, value = read_outcome(said, "predicted", schema.classifies)
    score = None if said.get("score") is None else read_number(said["score"], "score")
    segment, device = read_segment(said), said.get("device", "")
    if not isinstance(device, str):
        raise Refused("device is a device ID.")
    features = said.get("features") or {}
    if not isinstance(features, Mapping):
        raise Refused("features is an object: a value for each name.")
    read = {name: read_feature(features.get(name), kind, name) for name, kind in schema.kinds.items()}
    return Row(index, key, read_time(said.get("time"), now), version, device, label, value, score, segment, read)


def read_truth(said: Any, classifies: bool) -> Truth:
    """One outcome. Raises Refused."""
    return Truth(read_key(said), *read_outcome(said, "actual", classifies))


def read_key(said: Any) -> str:
    if not isinstance(said, Mapping):
        raise Refused("A row is an object.")
    key = said.get("id")
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise Refused(f"id is missing, or no text of 1 to {LONGEST_KEY} characters.")
    return key


def read_segment(said: Mapping[str, Any]) -> str:
    segment = said.get("segment", "")
    if not isinstance(segment, str) or len(segment) > LONGEST_SEGMENT or not segment.isprintable():
        raise Refused(f"segment is a text of at most {LONGEST_SEGMENT} characters.")
    return segment


def read_outcome(said: Mapping[str, Any], name: str, classifies: bool) -> tuple[str, float | None]:
    """A class's name, or a number."""
    value = said.get(name)
    if value is None:
        raise Refused(f"{name} is missing.")
    if not classifies:
        return "", read_number(value, name)
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_KEY or not value.isprintable():
        raise Refused(f"{name} is the name of a class, of at most {LONGEST_KEY} characters.")
    return str(value), None


def read_number(value: Any, name: str) -> float:
    if type(value) is float and math.isfinite(value):  # nearly always
        return value
    if isinstance(value, Cell):
        try:
            value = float(value)
        except ValueError as error:
            raise Refused(f"{name} is a number, not {value[:40]!r}.") from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{name} is a number.")
    try:
        number = float(value)
    except OverflowError as error:
        raise Refused(f"{name} is too large.") from error
    if not math.isfinite(number):
        raise Refused(f"{name} is a finite number; null where there is none.")
    return number


def read_feature(value: Any, kind: str, name: str) -> float | str | bool | None:
    """A value of the declared kind; None where it is missing."""
    if value is None or (isinstance(value, Cell) and value == ""):
        return None
    if kind == "numeric":
        return read_number(value, name)
    if kind == "boolean":
        if isinstance(value, Cell) and value.lower() in YES | NO:
            return value.lower() in YES
        if not isinstance(value, bool):
            raise Refused(f"{name} is true or false.")
        return value
    if not isinstance(value, str) or len(value) > LONGEST_KEY or not value.isprintable():
        raise Refused(f"{name} is a text of at most {LONGEST_KEY} characters.")
    return str(value)


def read_time(said: Any, now: datetime) -> datetime:
    """ISO 8601 (without a zone: UTC), or an epoch in seconds or milliseconds."""
    if said is None:
        raise Refused("time is missing: when was it predicted?")
    try:
        if isinstance(said, str):
            time = datetime.fromisoformat(said)
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        elif isinstance(said, int | float) and not isinstance(said, bool):
            time = datetime.fromtimestamp(said / 1000 if abs(said) >= FIRST_MILLISECONDS else said, UTC)
        else:
            raise ValueError(said)
    except (ValueError, OverflowError, OSError) as error:
        raise Refused("time is no ISO 8601 time and no epoch.") from error
    if time > now + AHEAD:
        raise Refused("time lies in the future.")
    if time.year < 2000:
        raise Refused("time lies before the year 2000.")
    return time


def values_by_feature(rows: Iterable[Row], schema: Schema) -> dict[str, list[Any]]:
    """Columns: what each feature, the output and the score were in these rows."""
    found = list(rows)
    columns: dict[str, list[Any]] = {name: [row.features.get(name) for row in found] for name in schema.kinds}
    columns[OUTPUT] = [row.label if schema.classifies else row.value for row in found]
    if any(row.score is not None for row in found):
        columns[SCORE] = [row.score for row in found]
    return columns


def kinds_of(schema: Schema) -> dict[str, str]:
    """The kinds of all that is watched."""
    return {**schema.kinds, OUTPUT: "categorical" if schema.classifies else "numeric", SCORE: "numeric"}


def as_words(values: Sequence[Any]) -> list[str | None]:
    """Categories as they are counted: true and false by these words."""
    return [None if value is None else str(value).lower() if isinstance(value, bool) else value for value in values]
