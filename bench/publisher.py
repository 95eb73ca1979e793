"""Devices in bulk: publishes at QoS 1 as fast as a broker reads, or at an even pace.

`python -m bench.publisher <port> <rate> <seconds> <devices>` sends at a pace; the value "sent" is when.
"""

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable
from itertools import cycle
from typing import Self

from tests.waiting import wait_until

ACCOUNT = ("portal", "secret")
TICK = 0.002
PATIENCE = 120.0

Message = tuple[str, bytes]  # topic and body


class Publisher:
    """A client of MQTT 3.1.1 that does nothing but publish; a library's would be the bottleneck."""

    def __init__(self, port: int) -> None:
        self.acknowledged = 0
        self._ids = cycle(range(1, 65_536))
        self._sent = 0
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(_packet(0x10, b"\0\4MQTT\4\xc2\0\0" + b"".join(map(_text, ("bench", *ACCOUNT)))))
        if self._socket.recv(4) != b"\x20\2\0\0":
            raise ConnectionError("The broker refuses the publisher")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def packets(self, messages: Iterable[Message]) -> list[bytes]:
        return [
            _packet(0x32, _text(topic) + struct.pack("!H", number) + body)
            for (topic, body), number in zip(messages, self._ids, strict=False)
        ]

    def send(self, packets: list[bytes]) -> None:
        self._sent += len(packets)
        self._socket.sendall(b"".join(packets))

    def wait(self) -> None:
        """Until the broker has acknowledged all."""
        wait_until(lambda: self.acknowledged >= self._sent, PATIENCE, what="the broker's acknowledgements")

    def _read(self) -> None:
        rest = 0
        while data := self._socket.recv(65_536):
            rest += len(data)
            self.acknowledged += rest // 4  # nothing else comes, and an acknowledgement has four bytes
            rest %= 4


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


def _packet(kind: int, content: bytes) -> bytes:
    length, rest = b"", len(content)
    while True:
        rest, digit = divmod(rest, 128)[0], rest % 128
        length += bytes([digit | 128 if rest else digit])
        if not rest:
            return bytes([kind]) + length + content


def send_evenly(port: int, rate: float, seconds: float, devices: int) -> None:
    """`rate` messages a second, by one device after the other."""
    names = cycle(f"app/device/bench-{number}/telemetry" for number in range(devices))
    with Publisher(port) as publisher:
        begin, count = time.monotonic(), 0
        while (elapsed := time.monotonic() - begin) < seconds:
            due = int(elapsed * rate) - count
            count += due
            values = {"sent": time.time(), "humidity": count % 100, "battery": 3.8}
            body = json.dumps({"telemetry": values}).encode()
            publisher.send(publisher.packets((next(names), body) for _ in range(due)))
            time.sleep(TICK)
        publisher.wait()
        print(count)


if __name__ == "__main__":
    send_evenly(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
