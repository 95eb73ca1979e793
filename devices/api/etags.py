"""Versions as entity tags: the version 3 is "3"."""

import re

from rest_framework.exceptions import ValidationError

from devices.api.errors import PreconditionFailed

_is_etag = re.compile(r'(W/)?"([0-9]{1,10})"').fullmatch


def version_in(if_match: str | None) -> int | None:
    """The version that the client goes by; None if it does not care."""
    if if_match is None or if_match.strip() == "*":
        return None
    etag = _is_etag(if_match.strip())
    if etag is None:
        raise ValidationError({"If-Match": 'One ETag, such as "3", or *.'})
    if etag[1]:
        raise PreconditionFailed("A weak ETag never matches.")
    return int(etag[2])
