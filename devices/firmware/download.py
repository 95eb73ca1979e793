"""A package on its way to a device: whole, or the part that it asks for, in small pieces."""

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request

from devices.models import FirmwarePackage
from devices.streaming import as_content, pieces

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
    response = StreamingHttpResponse(
        as_content(request, pieces(package.file, part)),
        status=200 if part == whole else 206,
        content_type="application/octet-stream",
        headers=headers,
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
