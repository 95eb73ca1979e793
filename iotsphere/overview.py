from typing import Any

from django.http import HttpRequest


def admin_overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    return context
