"""A paho client for much traffic."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

AT_ONCE = 65_536  # bytes
PUBLISH, PUBACK = 0x30, 0x40


class Publication(NamedTuple):
    topic: bytes
    body: bytes
    mid: int
    qos: int
    is_retained: bool


class BulkClient(mqtt.Client):
    """Takes what is published out of the stream many packets at a time, and acknowledges many at a time.

    By itself paho asks the system for each byte of a packet's head, and takes 40 µs for each packet: most of the time
    that an ingest worker would have. Everything else is paho's: connecting, keeping alive, TLS, all other packets.
    Properties of MQTT 5 are skipped. For subscriptions of QoS 0 and 1.
    """

    def __init__(
        self,
        client_id: str,
        protocol: MQTTProtocolVersion,
        *,
        on_publication: Callable[[Publication], object],
        **options: Any,
    ) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id, protocol=protocol, manual_ack=True, **options)
        self._on_publication = on_publication
        self._stream = b""
        self._at = 0  # what comes before was taken out

    def acknowledge(self, mids: Sequence[int]) -> None:
        packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
        if packets:
            self._packet_queue(PUBACK, packets, 0, 0)

    def reconnect(self) -> MQTTErrorCode:
        self._stream, self._at = b"", 0
        return super().reconnect()

    # --- In the place of paho's own ---

    def _packet_read(self) -> MQTTErrorCode:
        try:
            data = super()._sock_recv(AT_ONCE)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        if not data:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        self._stream, self._at = self._stream[self._at :] + data, 0
        while (packet := self._next_packet()) is not None:
            begin, end = packet
            if self._stream[self._at] & 0xF0 == PUBLISH:
                self._take_publication(begin, end)
                self._at = end
            elif (error := super()._packet_read()) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return error
        with self._msgtime_mutex:
            self._last_bytes_received = mqtt.time_func()
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _sock_recv(self, bufsize: int) -> bytes:
        """For paho's reading of one packet, which is there as a whole."""
        data = self._stream[self._at : self._at + bufsize]
        self._at += len(data)
        return data

    def _next_packet(self) -> tuple[int, int] | None:
        """Where the content of the next packet begins and ends; None while it is not there as a whole."""
        length = _number(self._stream, self._at + 1)
        if length is None:
            return None
        size, begin = length
        return (begin, begin + size) if begin + size <= len(self._stream) else None

    def _take_publication(self, at: int, end: int) -> None:
        stream, head = self._stream, self._stream[self._at]
        topic_end = at + 2 + int.from_bytes(stream[at : at + 2], "big")
        topic, at = stream[at + 2 : topic_end], topic_end
        mid, qos = 0, head >> 1 & 3
        if qos:
            mid, at = int.from_bytes(stream[at : at + 2], "big"), at + 2
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            size, at = _number(stream, at) or (0, end)
            at += size
        self._on_publication(Publication(topic, stream[at:end], mid, qos, bool(head & 1)))


def _number(stream: bytes, at: int) -> tuple[int, int] | None:
    """A number as MQTT writes lengths, and where it ends; None while its end is not there."""
    number = 0
    for place, digit in enumerate(stream[at : at + 4]):
        number |= (digit & 127) << 7 * place
        if digit < 128:
            return number, at + place + 1
    return None
