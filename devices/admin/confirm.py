from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.forms import Form
from django.http import HttpRequest
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

CONFIRMED = "confirmed"
ALL_FOUND = "select_across"
ITEMS_SHOWN = 100


def is_confirmed(request: HttpRequest) -> bool:
    return request.method == "POST" and CONFIRMED in request.POST


def confirmation(
    page: ModelAdmin,
    request: HttpRequest,
    rows: Iterable[Model],
    *,
    title: str,
    text: str,
    submit: str,
    is_final: bool = False,
    form: Form | None = None,
    items: Iterable[str] | None = None,
) -> TemplateResponse:
    """The page between choosing an action and its being done: what would happen to what, and what else must be said.

    It is posted back to where it came from, with the same rows chosen; then `is_confirmed`. What `is_final` has no way
    back, and its button says so by its colour.
    """
    rows = list(rows)
    named = [str(row) for row in rows[:ITEMS_SHOWN]] if items is None else list(islice(items, ITEMS_SHOWN))
    # All that a list finds is chosen by its filters, however much that is; one key has to come along.
    all_found = request.POST.get(ALL_FOUND) == "1"
    context: dict[str, Any] = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.model._meta,
        "text": text,
        "submit": submit,
        "is_final": is_final,
        "form": form,
        "items": named,
        "more": len(rows) - len(named),
        "hidden": [
            (CONFIRMED, "yes"),
            ("action", request.POST.get("action", "")),
            *([(ALL_FOUND, "1")] if all_found else []),
            *((ACTION_CHECKBOX_NAME, row.pk) for row in (rows[:1] if all_found else rows)),
        ],
        "media": page.media + form.media if form else page.media,
    }
    return TemplateResponse(request, "admin/confirm.html", context)
