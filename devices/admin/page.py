from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator


class Refused:
    """Of forms: they are valid as far as can be told, but what they ask for was refused."""

    refusal: ValidationError

    def clean(self: Any) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}  # type: ignore[misc]
        self.add_error(None, self.refusal.messages)
        return cleaned


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

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What can only be known by doing it, and is refused then, is an error of the form; nothing has happened."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as error:
            request.refusal = error  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        refusal: ValidationError | None = getattr(request, "refusal", None)
        return form if refusal is None else type(form.__name__, (Refused, form), {"refusal": refusal})

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
