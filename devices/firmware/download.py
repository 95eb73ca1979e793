"""A package on its way to a device: whole, or the part that it asks for, in small pieces."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request

from devices.models import FirmwarePackage

AT_ONCE = 64 * 1024
_range = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))").fullmatch


def answer(request: HttpRequest | Request, package: FirmwarePackage) -> HttpResponseBase:
    """The file, or one range of it: downloads that broke off go on where they did."""
    etag = f'"{package.sha256}"'
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "no-store"}
    whole = range(package.size)
    part: range | None = whole
    if request.headers.get("If-Range", etag) == etag:
        part = asked_for(request.headers.get("Range", ""), package.size)
    if part is None:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{package.size}"})
    if part != whole:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{package.size}"
    pieces = _pieces(package, part)
    # Under ASGI Django would collect all of a plain iterator before it sends anything.
    content = _one_by_one(pieces) if hasattr(request, "scope") else pieces
    response = StreamingHttpResponse(
        content, status=200 if part == whole else 206, content_type="application/octet-stream", headers=headers
    )
    response["Content-Length"] = str(len(part))
    response["Content-Disposition"] = f'attachment; filename="{package.version}.bin"'
    return response


def asked_for(header: str, size: int) -> range | None:
    """The bytes that a Range header asks for: all of them unless it asks for one part; None if there are none such."""
    found = _range(header.strip())
    if not found:
        return range(size)
    first, last, final = found.groups()
    part = range(max(0, size - int(final)), size) if final else range(int(first), min(size, int(last or size) + 1))
    return part or None


def _pieces(package: FirmwarePackage, part: range) -> Iterator[bytes]:
    with package.file.open("rb") as file:
        file.seek(part.start)
        left = len(part)
        while left and (piece := file.read(min(left, AT_ONCE))):
            left -= len(piece)
            yield piece


async def _one_by_one(pieces: Iterator[bytes]) -> Any:
    following = sync_to_async(partial(next, pieces, b""))
    while piece := await following():
        yield piece
