"""What devices may send over a socket, checked."""

import json
from typing import Any

import orjson

from telemetry.decode import read_leniently
from telemetry.live.frames import BadRequest, Frame, Refused

MOST_ID = 64
MOST_BYTES_BEFORE_KEY = 4096


class Unreadable(BadRequest):
    """Nothing can be told from it but that it came."""


def read(content: bytes, most_bytes: int) -> Frame:
    """The object with a "type" that a frame must be. It may hold what telemetry may, such as NaN."""
    if len(content) > most_bytes:
        raise Refused("too_large", f"A frame may have {most_bytes:,} bytes: send fewer messages in each.")
    try:
        frame = orjson.loads(content)
    except orjson.JSONDecodeError:
        try:
            frame = read_leniently(content)
        except (ValueError, RecursionError):
            raise Unreadable("A frame must be JSON in UTF-8.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise BadRequest('A frame must be an object with a "type".')
    _check_id(frame.get("id"))
    return frame


def key_of(frame: Frame) -> str:
    key = frame.get("key")
    if not isinstance(key, str):
        raise BadRequest('"key" must be an API key of the device, which begins with iot_.')
    return key


def body_of(frame: Frame, content: bytes) -> bytes:
    """What other doors would have been sent instead: one message, which the frame itself is, or a list of them."""
    if "messages" in frame:
        return json.dumps(frame["messages"]).encode()  # with NaN as it came: decoding says what is wrong with it
    return content


def _check_id(name: Any) -> None:
    if isinstance(name, str):
        is_good = 0 < len(name) <= MOST_ID and all(not "\ud800" <= character <= "\udfff" for character in name)
    else:
        is_good = name is None or (isinstance(name, int | float) and not isinstance(name, bool))
    if not is_good:
        raise BadRequest(f'"id" must be a text of 1 to {MOST_ID} characters, or a number: your name for the frame.')
