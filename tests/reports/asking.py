"""Reports as tests ask for them."""

from io import BytesIO
from typing import Any

from pypdf import PdfReader

from devices.permissions import AnyUser
from reports.question import read
from reports.render import write


def made(user: AnyUser, form: str = "pdf", **said: Any) -> bytes:
    """The file of the report that is asked for."""
    file = BytesIO()
    write(read({name.rstrip("_"): value for name, value in said.items()}, user), form, file)
    return file.getvalue()


def words_of(pdf: bytes) -> str:
    """All that is written in it, in the order in which it was drawn, with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())
