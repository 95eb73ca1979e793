from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite


class PortalAdminSite(UnfoldAdminSite):
    """The admin behind the portal's own login, with the overview as its first page."""

    index_title = "Overview"

    def extra_urls(self) -> list[URLPattern]:
        from iotsphere.overview import refreshed  # noqa: PLC0415 (it needs the admin classes, and they this site)

        return [path("overview/", self.admin_view(refreshed), name="overview")]

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
