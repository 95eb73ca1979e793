"""Every route of the portal, from the URL resolver: what is generated from it forgets no new one."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def routes(resolver: URLResolver | None = None, path: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Pairs of a path, as the patterns spell it, and the route behind it."""
    for pattern in (resolver or get_resolver()).url_patterns:
        here = path + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, here)
        else:
            yield here, pattern
