"""The portal, and beside it what it is measured against: a group of the channel layer, and next to nothing."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import django

django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from iotsphere.asgi import http  # noqa: E402
from iotsphere.routing import websocket  # noqa: E402
from telemetry.live import feed  # noqa: E402

GROUP = "bench"

feed.INTERVAL = float(os.environ.get("LIVE_INTERVAL", feed.INTERVAL))


class GroupConsumer(AsyncWebsocketConsumer):
    """What Channels' own tutorial does."""

    groups = [GROUP]

    async def news(self, event: dict[str, Any]) -> None:
        await self.send(event["text"])


class Bare:
    """Passes what one of its sockets says to all of them, without any further ado: the server's own limit."""

    def __init__(self) -> None:
        self._sends: list[Callable[[dict[str, Any]], Awaitable[None]]] = []

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[Any], Any]
    ) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self._sends.append(send)
        while (message := await receive())["type"] == "websocket.receive":
            for send_one in self._sends:
                await send_one({"type": "websocket.send", "text": message["text"]})
        self._sends.remove(send)


routes = [
    path("bench/group/", GroupConsumer.as_asgi()),
    path("bench/bare/", Bare()),  # type: ignore[arg-type]  # the types know views alone
    re_path("", websocket),
]
application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(routes)})
