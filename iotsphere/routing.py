from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path, re_path

from iotsphere.accounts.origin import OriginRule, refuse
from telemetry.consumers import LiveConsumer

websocket = CookieMiddleware(
    OriginRule(
        URLRouter(
            [
                path("ws/live/", LiveConsumer.as_asgi()),
                re_path(r"", refuse),  # type: ignore[arg-type]  # the types know views alone
            ]
        )
    )
)
