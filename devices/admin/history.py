from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from simple_history.admin import SimpleHistoryAdmin

from devices.admin.page import Page
from devices.admin.scope import runs_platform


class WithHistory(SimpleHistoryAdmin, Page):
    """Who changed what and when, with a way back.

    The rights that count are those to the row as it is now: an old version may lie in a project the row has left.
    Only superusers look at the history of rows that are gone.
    """

    history_list_per_page = 50

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._require(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not version_id.isdecimal():
            raise Http404
        self._require(request, object_id)
        return super().history_form_view(request, object_id, version_id, extra_context)

    def _require(self, request: HttpRequest, object_id: str) -> None:
        try:
            self.opts.pk.to_python(unquote(object_id))
        except ValidationError as error:
            raise Http404 from error
        row = self.get_object(request, object_id)
        if row is None and not runs_platform(request):
            raise Http404
        if request.method == "POST" and not self.has_change_permission(request, row):
            raise PermissionDenied
