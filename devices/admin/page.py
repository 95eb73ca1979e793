from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator


class Page(ModelAdmin):
    """What the admin pages of all models have in common."""

    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True
    # What an empty list says, and what it takes for something to be there.
    nothing = "Nothing here"
    nothing_help = ""

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address proposes, but for rows that do not exist."""
        proposed: dict[str, Any] = super().get_changeform_initial_data(request)
        return {name: value for name, value in proposed.items() if not self._is_missing(name, value)}

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Rows are chosen by keys; what is none is a bad request."""
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.clean(key, None)
        except ValidationError as error:
            raise BadRequest("A chosen row has no such key.") from error
        return super().response_action(request, queryset)

    def _is_missing(self, name: str, value: Any) -> bool:
        try:
            field = self.opts.get_field(name)
            return field.is_relation and not field.related_model._default_manager.filter(pk=value).exists()
        except (FieldDoesNotExist, ValueError, ValidationError):
            return True


class EndlessPage(Page):
    """For lists that nobody counts: a count would look at every row."""

    paginator = InfinitePaginator
    show_full_result_count = False


class Rows(TabularInline):
    """Rows that belong to the one on the page; every field says which column it is in."""

    extra = 0
    hide_title = True

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            getattr(field.widget, "widget", field.widget).attrs.setdefault("aria-label", field.label)
        return field
