from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, credentials: dict[str, Any], *_: Any, **__: Any) -> HttpResponse:
    """What a person sees after too many wrong passwords."""
    return render(request, "accounts/locked_out.html", status=429)
