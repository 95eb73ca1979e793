from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path, re_path

from iotsphere.accounts.origin import OriginRule, refuse
from iotsphere.console.socket import ConsoleSocket
from telemetry.consumers import LiveConsumer
from telemetry.device_socket.consumer import DeviceConsumer

of_people = CookieMiddleware(
    OriginRule(
        URLRouter(
            [
                path("ws/live/", LiveConsumer.as_asgi()),
                path("ws/mqtt/", ConsoleSocket.as_asgi()),
                re_path(r"", refuse),  # type: ignore[arg-type]  # the types know views alone
            ]
        )
    )
)

# Devices have no pages that could open sockets, and no sessions that a foreign page could use.
websocket = URLRouter([path("ws/device/", DeviceConsumer.as_asgi()), re_path(r"", of_people)])
