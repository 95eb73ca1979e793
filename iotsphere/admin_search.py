"""What the admin's command palette (Ctrl+K) finds: pages of the sidebar, devices, projects."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from unfold.dataclasses import SearchResult

from devices.models import Device, Project
from iotsphere.admin_navigation import sidebar

ROWS_OF_A_KIND = 8
ICONS: dict[type[Model], str] = {Device: "sensors", Project: "workspaces"}


def search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("s", "").strip()[:100]
    if not words:
        return HttpResponse()
    found = [*_pages(request, words), *_rows(request, words, Device), *_rows(request, words, Project)]
    response = render(request, "unfold/helpers/command_results.html", {"results": found})
    response["HX-Trigger"] = "search"
    return response


def _pages(request: HttpRequest, words: str) -> list[SearchResult]:
    return [
        SearchResult(item["title"], section.get("title", "Portal"), item["link"], item["icon"])
        for section in sidebar(request)
        for item in section["items"]
        if words.casefold() in item["title"].casefold()
    ]


def _rows(request: HttpRequest, words: str, model: type[Model]) -> list[SearchResult]:
    """The first few rows of those that the person sees in the model's list."""
    page = admin.site.get_model_admin(model)
    rows, _ = page.get_search_results(request, page.get_queryset(request), words)
    address = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    return [
        SearchResult(str(row), str(model._meta.verbose_name), reverse(address, args=[row.pk]), ICONS[model])
        for row in rows[:ROWS_OF_A_KIND]
    ]
