"""The WebSocket door, `/ws/device/`. docs/developer/device_socket.md describes the frames.

consumer.py is one socket, frames.py what comes over it, intake.py where the frames of all sockets of a process become
batches, link.py the device at the other end.
"""
