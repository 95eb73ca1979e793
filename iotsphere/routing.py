from channels.routing import URLRouter
from channels.sessions import SessionMiddlewareStack
from django.urls import path

from telemetry.consumers import LiveConsumer

websocket = SessionMiddlewareStack(URLRouter([path("ws/live/", LiveConsumer.as_asgi())]))
