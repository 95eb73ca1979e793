"""What happens to devices, told to open sockets as it happens.

Whoever changes something pushes it onto one Redis stream after its commit (stream.py). In each web process one hub
reads the stream (hub.py) and hands every subscription what concerns it, coalesced (feed.py).
"""

from telemetry.live.events import Changes, DeviceChange, LiveValue, presence_changes
from telemetry.live.stream import push

__all__ = ["Changes", "DeviceChange", "LiveValue", "presence_changes", "push"]
