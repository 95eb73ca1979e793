import gc
import os

from django.core.asgi import get_asgi_application

gc.disable()  # until all is loaded
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotsphere.settings")
http = get_asgi_application()  # before anything that imports models

from channels.routing import ProtocolTypeRouter  # noqa: E402

import iotsphere.urls  # noqa: E402, F401 (the first visitor need not wait for all the pages)
from iotsphere.routing import websocket  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websocket})

# What is loaded by now stays. Looking through it again and again would hold up every socket for a tenth of a second.
gc.collect()
gc.freeze()
gc.enable()
