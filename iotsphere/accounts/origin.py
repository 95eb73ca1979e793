"""Which page a socket was opened by. Browsers send cookies with every socket, also with one that another site opens."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http.request import validate_host

log = structlog.get_logger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class OriginRule:
    """Sessions count for the portal's own pages alone.

    A socket from elsewhere is refused. One without an Origin is no browser's: it is let in, but without its cookies,
    so that it has to prove who it is in another way.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin1")
        host = headers.get(b"host", b"").decode("latin1")
        if not origin:
            scope = {**scope, "cookies": {}}
        elif not is_own_origin(origin, host):
            log.warning(
                "socket refused: not from the portal's own pages, as ALLOWED_HOSTS and CSRF_TRUSTED_ORIGINS name them",
                origin=origin,
                host=host,
            )
            await refuse(scope, receive, send)
            return
        await self.application(scope, receive, send)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that takes no socket: closing before accepting answers 403."""
    await receive()
    await send({"type": "websocket.close"})


def is_own_origin(origin: str, host: str) -> bool:
    """Whether pages of `origin` may use sessions at `host`: it is from there, or CSRF_TRUSTED_ORIGINS has it."""
    try:
        page, name = urlsplit(origin.lower()), urlsplit(f"//{host.lower()}").hostname or ""
    except ValueError:
        return False
    if any(_matches(page.scheme, page.netloc, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS):
        return True
    own = page.scheme in (["https"] if settings.HTTPS else ["http", "https"]) and page.netloc == host.lower()
    return own and validate_host(f"[{name}]" if ":" in name else name, settings.ALLOWED_HOSTS)


def _matches(scheme: str, netloc: str, trusted: str) -> bool:
    pattern = urlsplit(trusted.lower())
    if pattern.netloc.startswith("*."):
        return scheme == pattern.scheme and netloc.endswith(pattern.netloc.removeprefix("*"))
    return (scheme, netloc) == (pattern.scheme, pattern.netloc)
