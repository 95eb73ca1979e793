"""Files on their way to whoever asks, in small pieces."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

from asgiref.sync import sync_to_async
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest
from rest_framework.request import Request

AT_ONCE = 64 * 1024


def pieces(file: FieldFile, part: range) -> Iterator[bytes]:
    """The bytes of `part`."""
    with file.open("rb") as opened:
        opened.seek(part.start)
        left = len(part)
        while left and (piece := opened.read(min(left, AT_ONCE))):
            left -= len(piece)
            yield piece


def as_content(request: HttpRequest | Request, parts: Iterator[bytes]) -> Iterator[bytes] | AsyncIterator[bytes]:
    """For a StreamingHttpResponse: under ASGI Django would collect all of a plain iterator before it sends anything."""
    return _one_by_one(parts) if hasattr(request, "scope") else parts


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(partial(next, parts, b""))
    while part := await following():
        yield part
