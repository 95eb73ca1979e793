from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

View = Callable[..., HttpResponse]


class PortalAdminSite(UnfoldAdminSite):
    """The admin behind the portal's own login, with the overview as its first page."""

    index_title = "Overview"

    def extra_urls(self) -> list[URLPattern]:
        from iotsphere.overview import refreshed  # noqa: PLC0415 (it needs the admin classes, and they this site)

        return [path("overview/", self.admin_view(refreshed), name="overview")]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from iotsphere.admin_search import search  # noqa: PLC0415 (likewise)

        return search(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """An address that holds a NUL is nobody's; PostgreSQL could not be asked about it."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def without_nul(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if any("\0" in value for values in request.GET.lists() for value in values[1]):
                raise BadRequest("The address holds a NUL character.")
            return inner(request, *args, **kwargs)

        return without_nul

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one login, with its lockout, for pages and admin. Who is signed in and no staff stays outside."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"), reverse("login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return LogoutView.as_view()(request)
