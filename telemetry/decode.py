"""Take a body apart into values that can be stored and items that cannot. Pure: no database, no settings, no clock.

orjson reads what is strictly JSON, which is nearly all that ever comes: it is as fast as any other reader of objects
whose keys are not known beforehand, and it refuses what is too deep before it is built. What it refuses for one
number or one text (NaN, 1e999, half a surrogate pair) the standard library reads a second time, so that the rest of
the message can be kept.

An item is one value of a readable message, or a whole message (or body) that could not be taken apart.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, NamedTuple

import orjson

from telemetry.reasons import Reason

MAX_BYTES = 256 * 1024
MAX_MESSAGES = 1000
MAX_KEYS = 256
MAX_DEPTH = 8
MAX_TEXT = 255
MAX_FUTURE = timedelta(minutes=5)

Value = float | bool | str

is_key = re.compile(r"[A-Za-z0-9_.\-]{1,64}").fullmatch
# Digits alone are an epoch; eight of them are a date (20251219), which fromisoformat reads.
is_epoch = re.compile(r"[0-9]{9,}(\.[0-9]+)?").fullmatch
# As seconds this is the year 5138, as milliseconds 1973: between them lies all that telemetry can mean.
FIRST_MILLISECONDS = 1e11


@dataclass(frozen=True, slots=True)
class Rejected:
    """`count` items that were not taken. `index` is their message's place in the body, `key` is empty for all of it."""

    reason: Reason
    key: str = ""
    detail: str = ""
    index: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what it says about which device (None: the sender itself), and the items of it that say nothing."""

    index: int
    device_id: str | None
    time: datetime
    values: dict[str, Value]
    rejected: list[Rejected]


class Decoded(NamedTuple):
    messages: list[Message]
    rejected: list[Rejected]

    @property
    def received(self) -> int:
        """How many items there were: all of them are among the values or the rejected."""
        taken = sum(len(message.values) for message in self.messages)
        return taken + sum(item.count for item in self.all_rejected())

    def all_rejected(self) -> Iterator[Rejected]:
        yield from self.rejected
        for message in self.messages:
            yield from message.rejected


def decode(body: bytes, *, received_at: datetime, oldest: datetime, max_bytes: int = MAX_BYTES) -> Decoded:
    """Never raises. Times are aware; messages without one bear `received_at`, those before `oldest` are rejected.

    Numbers become floats (beyond 2**53 they lose digits), of a key that comes twice the last value counts, and null
    is rejected: a device that has nothing to say leaves the key out.
    """
    if len(body) > max_bytes:
        return _unreadable(Reason.TOO_LARGE, f"{max_bytes:,} bytes are allowed")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            content = read_leniently(body)
        except UnicodeDecodeError as mistake:
            return _unreadable(Reason.MALFORMED, f"Not UTF-8: {mistake.reason} at byte {mistake.start}")
        except RecursionError:
            return _unreadable(Reason.TOO_DEEP, f"Objects may be nested {MAX_DEPTH} deep")
        except ValueError:
            return _unreadable(Reason.MALFORMED, shown(str(error), MAX_TEXT))
    if type(content) is dict:
        content = [content]
    elif type(content) is not list:
        return _unreadable(Reason.WRONG_SHAPE, "A message is an object, a body one message or a list of messages")
    elif not content:
        return _unreadable(Reason.WRONG_SHAPE, "The list holds no message")

    decoded = Decoded([], [])
    for index, message in enumerate(content[:MAX_MESSAGES]):
        taken = _take_apart(message, index, received_at, oldest)
        if isinstance(taken, Rejected):
            decoded.rejected.append(taken)
        else:
            decoded.messages.append(taken)
    excess = len(content) - MAX_MESSAGES
    if excess > 0:
        detail = f"{len(content):,} messages; {MAX_MESSAGES:,} are allowed in one list"
        decoded.rejected.append(Rejected(Reason.TOO_MANY_MESSAGES, "", detail, MAX_MESSAGES, excess))
    return decoded


def shown(text: str, length: int) -> str:
    """`text` cut to `length`, without the characters that a database or a terminal would choke on."""
    text = text[:length].encode("utf-8", "replace").decode()
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _unreadable(reason: Reason, detail: str) -> Decoded:
    return Decoded([], [Rejected(reason, detail=detail)])


def read_leniently(body: bytes) -> Any:
    """As JSON, but with NaN, infinities and lone surrogates. Integers as floats: long ones would take for ever."""
    return json.loads(body.decode("utf-8-sig"), parse_int=float, parse_constant=float)


def _take_apart(content: Any, index: int, received_at: datetime, oldest: datetime) -> Message | Rejected:
    telemetry = content.get("telemetry") if type(content) is dict else None
    if type(telemetry) is not dict:
        return Rejected(Reason.WRONG_SHAPE, "", 'A message is an object with an object "telemetry"', index)
    if not telemetry:
        return Rejected(Reason.WRONG_SHAPE, "", '"telemetry" holds no value', index)
    device_id = content.get("device_id")
    if device_id is not None and type(device_id) is not str:
        return Rejected(Reason.WRONG_SHAPE, "", '"device_id" is not a text', index)

    values: dict[str, Value] = {}
    rejected: list[Rejected] = []
    excess = _flatten(telemetry, "", MAX_DEPTH, index, values, rejected)
    if excess:
        detail = f"{excess} values beyond the {MAX_KEYS} that a message may hold"
        rejected.append(Rejected(Reason.TOO_MANY_KEYS, "", detail, index, excess))

    timestamp = content.get("timestamp")
    if timestamp is None:
        return Message(index, device_id, received_at, values, rejected)
    try:
        time = _read_time(timestamp)
    except (ValueError, OverflowError, OSError):
        detail = "an object or a list" if type(timestamp) in (dict, list) else shown(str(timestamp), 64)
        problem = Rejected(Reason.BAD_TIMESTAMP, "", detail, index, len(values))
    else:
        if oldest <= time <= received_at + MAX_FUTURE:
            return Message(index, device_id, time, values, rejected)
        reason = Reason.TOO_OLD if time < oldest else Reason.IN_FUTURE
        problem = Rejected(reason, "", time.isoformat(), index, len(values))
    if problem.count:
        rejected.append(problem)
    return Message(index, device_id, received_at, {}, rejected)


def _flatten(
    content: dict[str, Any], prefix: str, depth: int, index: int, values: dict[str, Value], rejected: list[Rejected]
) -> int:
    """Sort what is in `content` into `values` and `rejected`, and count what is beyond MAX_KEYS."""
    excess = 0
    for name, value in content.items():
        key = prefix + name
        if type(value) is dict and value and depth > 1:
            excess += _flatten(value, f"{key}.", depth - 1, index, values, rejected)
        elif len(values) + len(rejected) >= MAX_KEYS and key not in values:
            excess += 1
        elif not is_key(key):
            rejected.append(Rejected(Reason.BAD_KEY, shown(key, 64), "", index))
        elif type(value) is float or type(value) is int:
            if isfinite(value):
                values[key] = float(value)
            else:
                rejected.append(Rejected(Reason.NOT_FINITE, key, str(value), index))
        elif type(value) is bool:
            values[key] = value
        elif type(value) is str:
            if problem := _text_problem(value):
                rejected.append(Rejected(Reason.TOO_LONG, key, problem, index))
            else:
                values[key] = value
        elif type(value) is dict and value:
            rejected.append(Rejected(Reason.TOO_DEEP, key, f"Objects may be nested {MAX_DEPTH} deep", index))
        else:
            rejected.append(Rejected(Reason.NOT_A_VALUE, key, _kind(value), index))
    return excess


def _text_problem(text: str) -> str:
    if len(text) > MAX_TEXT:
        return f"{len(text)} characters; {MAX_TEXT} are allowed"
    if "\0" in text:
        return "It holds the character NUL"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "It holds half a surrogate pair"
    return ""


def _kind(content: Any) -> str:
    if content is None:
        return "null: leave the key out when there is no value"
    return "a list" if type(content) is list else "an object without values"


def _read_time(timestamp: Any) -> datetime:
    """ISO 8601, or an epoch in seconds or milliseconds as number or digits. Raises ValueError and its like."""
    if type(timestamp) is str:
        if not is_epoch(timestamp):
            time = datetime.fromisoformat(timestamp)
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        timestamp = float(timestamp)
    if type(timestamp) is not int and type(timestamp) is not float:
        raise ValueError(timestamp)
    return datetime.fromtimestamp(timestamp / 1000 if abs(timestamp) >= FIRST_MILLISECONDS else timestamp, UTC)
