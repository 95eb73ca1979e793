"""How every list is narrowed, searched and ordered. What cannot be understood answers 400, never everything."""

from typing import Any

from django.db.models import F, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend, OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.settings import api_settings

LONGEST_SEARCH = 100


class KnownParameters(BaseFilterBackend):
    """Refuses unknown query parameters: a misspelt filter would silently list everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
        known = ["page", "page_size", api_settings.SEARCH_PARAM, api_settings.ORDERING_PARAM, *filters]
        if unknown := sorted(set(request.query_params) - {*known, api_settings.URL_FORMAT_OVERRIDE}):
            sentence = f"There is no such parameter here. There are: {', '.join(sorted(known))}."
            raise ValidationError(dict.fromkeys(unknown, sentence))
        return queryset


class Filters(DjangoFilterBackend):
    """As the view's filter set says. Where nothing is filtered none is made: that takes longer than the query."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
        return super().filter_queryset(request, queryset, view) if filters.keys() & request.query_params else queryset


class Search(SearchFilter):
    search_description = "Words that must all occur in the names."

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        [parameter] = super().get_schema_operation_parameters(view)
        return [{**parameter, "schema": {"type": "string", "maxLength": LONGEST_SEARCH}}]

    def get_search_terms(self, request: Request) -> Any:
        if len(request.query_params.get(self.search_param, "")) > LONGEST_SEARCH:
            raise ValidationError({self.search_param: f"At most {LONGEST_SEARCH} characters."})
        try:
            return super().get_search_terms(request)
        except ValidationError as error:
            raise ValidationError({self.search_param: error.detail}) from error


class Ordering(OrderingFilter):
    """By the view's `ordering_fields` alone. Rows without a value come last, and no order leaves two rows equal."""

    ordering_description = "Fields to order by, separated by commas; a minus before one turns it around."

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        [parameter] = super().get_schema_operation_parameters(view)
        return [{**parameter, "description": f"{self.ordering_description} Fields: {', '.join(view.ordering_fields)}."}]

    def remove_invalid_fields(self, queryset: QuerySet[Any], fields: Any, view: Any, request: Request) -> list[str]:
        known = view.ordering_fields
        if any(field.removeprefix("-") not in known for field in fields):
            raise ValidationError({self.ordering_param: f"Order by {', '.join(known)}; a minus turns one around."})
        return list(dict.fromkeys(fields))  # databases sort by a limited number of terms

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        fields = [*(self.get_ordering(request, queryset, view) or ()), "pk"]
        return queryset.order_by(
            *(
                F(field[1:]).desc(nulls_last=True) if field.startswith("-") else F(field).asc(nulls_last=True)
                for field in fields
            )
        )
