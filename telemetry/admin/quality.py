from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.urls.resolvers import URLPattern
from django.utils import timezone
from unfold.admin import ModelAdmin

from devices.models import Device
from telemetry.quality import DAYS, quality, read_days


class WithQuality(ModelAdmin):
    """Adds the page that says how good a device's data is; devices' own pages lead there."""

    permission: str

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "quality/<int:device>/", self.admin_site.admin_view(self.quality_page), name="telemetry_device_quality"
        )
        return [page, *super().get_urls()]

    def quality_page(self, request: HttpRequest, device: int) -> HttpResponse:
        devices = Device.objects.where_user_may(request.user, self.permission)
        shown = devices.select_related("project", "device_type").filter(pk=device).first()
        if shown is None:
            raise Http404
        days = read_days(request.GET.get("days"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Data quality of {shown}",
            "opts": self.opts,
            "device": shown,
            "quality": quality(shown, days, timezone.now()),
            "days": days,
            "choices": DAYS,
        }
        return TemplateResponse(request, "admin/telemetry/quality.html", context)
