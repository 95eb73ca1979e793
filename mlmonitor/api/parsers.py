"""Batches of rows: JSON in which one NaN costs one row and not the batch, and CSV with a header."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from mlmonitor.rows import read_csv

MOST_BYTES = 32 * 1024 * 1024


class JSONRows(BaseParser):
    """A list of rows, or an object with `rows`, and what is said of all of them."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            said = json.loads(_read(stream))
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        return {"rows": said} if isinstance(said, list) else said


class CSVRows(BaseParser):
    media_type = "text/csv"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            return {"rows": read_csv(_read(stream).decode("utf-8-sig"))}
        except (ValueError, OSError) as error:
            raise ParseError(f"The body is no CSV in UTF-8: {error}.") from error


def _read(stream: IO[bytes]) -> bytes:
    body = stream.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise RequestDataTooBig
    return body
