from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.functional import cached_property
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

SIZE = 50
MAX_SIZE = 200


class Rows(Paginator):
    """Counts rows only if they do not fit on the first page: those of a small fleet are one query."""

    @cached_property
    def _first(self) -> list[Any]:
        return list(self.object_list[: self.per_page + 1])

    @cached_property
    def count(self) -> int:
        fit = "_first" in vars(self) and len(self._first) <= self.per_page
        return len(self._first) if fit else super().count

    def page(self, number: int | str) -> Page:
        return Page(self._first[: self.per_page], 1, self) if number == 1 else super().page(number)


class Pages(PageNumberPagination):
    """`page` from 1 on, `page_size` up to MAX_SIZE. What is not a number answers 400, a page beyond the last 404."""

    django_paginator_class = Rows
    page_size = SIZE
    page_size_query_param = "page_size"
    max_page_size = MAX_SIZE
    page_query_description = "Which page, from 1 on. A page beyond the last answers 404."
    page_size_query_description = f"How many on one page, at most {MAX_SIZE}."

    def get_page_size(self, request: Request) -> int:
        return _number(request, "page_size", SIZE, MAX_SIZE)

    def get_page_number(self, request: Request, paginator: Paginator) -> int:
        number = _number(request, "page", 1)
        if number > 1 and number > paginator.num_pages:
            raise NotFound(f"There is no page {number}. The last one is {paginator.num_pages}.")
        return number

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        page, page_size = super().get_schema_operation_parameters(view)
        page["schema"] |= {"minimum": 1, "default": 1}
        page_size["schema"] |= {"minimum": 1, "maximum": MAX_SIZE, "default": SIZE}
        return [page, page_size]


def _number(request: Request, name: str, default: int, highest: int | None = None) -> int:
    given = request.query_params.get(name)
    if given is None:
        return default
    number = int(given) if given.isascii() and given.isdigit() and len(given) <= 9 else 0
    if number < 1 or (highest is not None and number > highest):
        raise ValidationError({name: f"A whole number from 1 {'on' if highest is None else f'to {highest}'}."})
    return number
