"""What clients may send, checked."""

from typing import Any

import orjson

MOST_BYTES = 64 * 1024

Frame = dict[str, Any]


class Refused(Exception):
    """A frame that is not done. The detail says what to do about it."""

    def __init__(self, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after  # seconds


class BadRequest(Refused):
    def __init__(self, detail: str) -> None:
        super().__init__("bad_request", detail)


def read_frame(text: str | None) -> Frame:
    if text is None:
        raise BadRequest("Send text frames: binary ones are not read.")
    if len(text) > MOST_BYTES:
        raise BadRequest(f"A frame may have {MOST_BYTES} characters.")
    try:
        frame = orjson.loads(text)
    except ValueError:
        raise BadRequest("A frame must be JSON.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise BadRequest('A frame must be an object with a "type".')
    return frame


def id_of(frame: Frame) -> str:
    watch_id = frame.get("id")
    if not isinstance(watch_id, str) or not 0 < len(watch_id) <= 64:
        raise BadRequest('"id" must be a text of 1 to 64 characters: your name for what you ask for.')
    return watch_id


def token_of(frame: Frame) -> str:
    token = frame.get("token")
    if not isinstance(token, str):
        raise BadRequest('"token" must be an access token, as /api/v1/token/ issues it.')
    return token


def cursor_of(frame: Frame) -> str:
    cursor = frame.get("cursor")
    if not isinstance(cursor, str):
        raise BadRequest('"cursor" must be the text that the last state or change came with.')
    return cursor
