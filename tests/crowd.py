"""Many sockets in one process, each at as little cost as can be: what a load's clients do must not count."""

import asyncio
import os
import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
NO_CODE = 1006


class Member(asyncio.Protocol):
    """One WebSocket. It hands each text to `heard` and answers the live socket's pings, unless it is told not to."""

    def __init__(self, request: bytes, heard: Callable[[bytes], Any]) -> None:
        self.heard = heard
        self.answers = True
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()
        self._request = request
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionError("The handshake was cut off."))
        if not self.closed.done():
            self.closed.set_result(NO_CODE)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self.opened.done():
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self.opened.set_exception(ConnectionError(head.decode()))
                return
            self.opened.set_result(None)
        at, length = 0, len(buffer)
        while length - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size > 125:
                start += 2 if size == 126 else 8
                size = int.from_bytes(buffer[at + 2 : start], "big")
            if start > length or start + size > length:
                break
            self._take(buffer[at] & 0xF, buffer[start : start + size])
            at = start + size
        self._buffer = buffer[at:]

    def say(self, frame: Mapping[str, Any] | str) -> None:
        self._write(TEXT, frame.encode() if isinstance(frame, str) else orjson.dumps(frame))

    def _take(self, kind: int, body: bytes) -> None:
        if kind == TEXT:
            if self.answers and body.startswith(b'{"type":"ping"'):
                self.say({"type": "pong", "mark": orjson.loads(body)["mark"]})
            else:
                self.heard(body)
        elif kind == PING:
            self._write(PONG, body)
        elif kind == CLOSE and not self.closed.done():
            self.closed.set_result(int.from_bytes(body[:2], "big"))
            self._write(CLOSE, body[:2])
            self.transport.close()

    def _write(self, kind: int, body: bytes) -> None:
        size = len(body)
        head = bytes([0x80 | kind, 0x80 | size]) if size < 126 else struct.pack(">BBH", 0x80 | kind, 0x80 | 126, size)
        self.transport.write(head + b"\0\0\0\0" + body)  # a mask of nothing


async def join(url: str, heard: Callable[[bytes], Any], headers: Mapping[str, str]) -> Member:
    """Open a socket at ws://host:port/path. It is closed with its `transport`."""
    address = urlsplit(url)
    lines = {
        "Host": address.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    request = f"GET {address.path} HTTP/1.1\r\n{head}\r\n".encode()
    loop = asyncio.get_running_loop()
    _, member = await loop.create_connection(lambda: Member(request, heard), address.hostname or "", address.port or 80)
    await member.opened
    return member
