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
    write(read(said, user), form, file)
    return file.getvalue()


def text_of(pdf: bytes) -> str:
    """All that is written in it, page after page."""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
