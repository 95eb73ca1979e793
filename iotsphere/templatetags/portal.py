"""Template tags of every page: icons, ages."""

import json
import re
from datetime import datetime, timedelta
from functools import cache
from math import floor

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from devices.ages import age_in_words, length_in_words, span_in_words
from devices.models import Project
from devices.permissions import AnyUser
from iotsphere.dashboards.control import params_in_words, words
from telemetry.values import value_in_words

register = template.Library()

ICON_NAME = re.compile(r"[a-z0-9-]+")
DEFAULT_ICON = "box"
SVG_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@register.simple_tag
def icon(name: str) -> SafeString:
    """The lucide icon of that name, drawn in the text's colour and unseen by screen readers.

    Names come from the database too (DeviceType.icon): one that lucide does not have becomes a plain box.
    """
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" '
        'stroke-linejoin="round" aria-hidden="true" focusable="false">{}</svg>',
        _shapes(name) or _shapes(DEFAULT_ICON),
    )


@cache
def _shapes(name: str) -> SafeString:
    if not ICON_NAME.fullmatch(name):
        return mark_safe("")
    file = settings.NODE_MODULES / "lucide-static" / "icons" / f"{name}.svg"
    if not file.is_file():
        return mark_safe("")
    drawing = SVG_BODY.search(file.read_text(encoding="utf-8"))
    return mark_safe(drawing[1].strip() if drawing else "")  # noqa: S308 (a file of the lucide package)


@register.filter
def may_somewhere(user: AnyUser, permission: str) -> bool:
    """Whether `user` has the permission in any project: pages that are for those alone are linked then."""
    return Project.objects.where_user_may(user, permission).exists() or bool(getattr(user, "is_superuser", False))


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago `moment` was, in one word pair: `3 s ago`; `never` for None."""
    return "never" if moment is None else age_in_words(timezone.now() - moment)


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """A time element that says how long ago and keeps counting (static/js/ages.js)."""
    if moment is None:
        return format_html("<time data-age>{}</time>", "never")
    local = timezone.localtime(moment)
    return format_html(
        '<time data-age datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S %Z"),
        age(moment),
    )


@register.filter
def span(duration: timedelta) -> str:
    return span_in_words(duration)


@register.filter
def duration(length: timedelta) -> str:
    return length_in_words(length)


@register.filter
def percent(share: float) -> str:
    """`99.9 %`; never 100 of what is not whole."""
    return f"{floor(share * 1000) / 10:.4g} %"


@register.filter
def tone(share: float) -> str:
    """Of a share that should be whole."""
    return "good" if share >= 0.99 else "warn" if share >= 0.9 else "bad"


@register.filter
def clock(seconds: float) -> str:
    """How a clock is that is ahead by so many seconds."""
    if abs(seconds) < 0.1:
        return "right"
    return f"{abs(seconds):.1f} s {'ahead' if seconds > 0 else 'behind'}"


@register.filter
def unlocalised(number: float) -> str:
    """For attributes that scripts and SVG read."""
    return f"{number:.10g}"


@register.filter
def number(value: float | str) -> str:
    """A number for an input, whatever else comes as it is."""
    return unlocalised(value) if isinstance(value, int | float) else str(value)


@register.filter
def as_json(value: object) -> str:
    return json.dumps(value)


@register.filter
def in_words(value: object) -> str:
    """A setting or a parameter."""
    return words(value)


register.filter(params_in_words)


@register.filter
def short(number: float | None) -> str:
    return value_in_words(number)
