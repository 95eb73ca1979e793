"""The living page of tokens and components: what the pages are made of, read from the style sheets themselves."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

TOKENS = settings.BASE_DIR / "static/css/tokens.css"
COMMENT_OR_TOKEN = re.compile(r"/\*\s*(?P<comment>.*?)\s*\*/|--(?P<name>[\w-]+):\s*(?P<value>[^;]+);", re.DOTALL)
COLOURS = re.compile(r"#|rgb")
PRESENCES = ("online", "stale", "offline", "unknown")
SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Token:
    name: str
    value: str

    @property
    def is_colour(self) -> bool:
        return COLOURS.match(self.value) is not None


@require_safe
@login_required
@never_cache
def styleguide(request: HttpRequest) -> HttpResponse:
    """For staff: who works on pages, or makes them fit an organisation."""
    if not request.user.is_staff:
        raise Http404
    context = {"groups": tokens(TOKENS.read_text()), "presences": PRESENCES, "severities": SEVERITIES}
    return render(request, "dashboards/styleguide.html", context)


def tokens(css: str) -> list[tuple[str, list[Token]]]:
    """The tokens of the first block of a style sheet, under the comments that head them."""
    groups: list[tuple[str, list[Token]]] = []
    for found in COMMENT_OR_TOKEN.finditer(css[: css.index("\n}")]):
        if (name := found["name"]) is None:
            if not groups or "\n" in css[: found.start()].rpartition(";")[2]:
                groups.append((found["comment"], []))
        elif groups:
            groups[-1][1].append(Token(name, found["value"].strip()))
    return [(heading, rows) for heading, rows in groups if rows]
