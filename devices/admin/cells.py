"""What list pages show in a cell, drawn by templates/admin/cells/."""

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString


def cell(template: str, **context: Any) -> SafeString:
    return render_to_string(f"admin/cells/{template}.html", context)
