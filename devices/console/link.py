"""The connection of one console to one broker."""

import asyncio
import ssl
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import paho.mqtt.client as mqtt
from django.utils import timezone
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.console.brokers import ListedBroker
from devices.console.inbox import SHOWN_BYTES, Inbox, Message
from devices.console.publication import Publication
from devices.console.sight import Sight
from devices.mqtt import KEEPALIVE, PinnedClient, introduce

INTERVAL = 0.25  # seconds between two looks at the inbox
LARGEST_PACKET = 1024 * 1024  # that a broker may send (MQTT 5)
MOST_UNANSWERED = 100
PROTOCOLS = {MQTTProtocolVersion.MQTTv5: "5", MQTTProtocolVersion.MQTTv311: "3.1.1"}

Event = dict[str, Any]


class Link:
    """From its making until `close()` it is connected, or connecting again. All methods are for the event loop.
    Making it raises OSError if the file of the broker's authority cannot be read.

    What happens waits in `events`, in the shapes of docs/developer/console.md, and messages wait in `inbox`; `wake` is
    called when there is something.
    """

    def __init__(self, listed: ListedBroker, address: str, sight: Sight, wake: Callable[[], object]) -> None:
        self.listed = listed
        self.sight = sight
        self.events: deque[Event] = deque()
        self.inbox = Inbox()
        self.is_connected = False
        self._address = address
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._next_look = 0.0
        self._subscriptions: dict[str, int] = {}
        # What the broker has not answered yet, by packet.
        self._asked: dict[int, tuple[str, int]] = {}
        self._ended: dict[int, str] = {}
        self._published: dict[int, Event] = {}
        self._open(MQTTProtocolVersion.MQTTv5)
        self._tell("connecting")

    @property
    def subscriptions(self) -> int:
        return len(self._subscriptions)

    def is_subscribed(self, topic: str) -> bool:
        return topic in self._subscriptions

    def subscribe(self, topic: str, qos: int) -> None:
        """Also again with another QoS. Without a connection it is done as soon as there is one."""
        self._subscriptions[topic] = qos
        if self.is_connected:
            self._subscribe(topic, qos)

    def unsubscribe(self, topic: str) -> None:
        del self._subscriptions[topic]
        if self.is_connected:
            _, mid = self._client.unsubscribe(topic)
            if mid is not None:
                self._ended[mid] = topic
        else:
            self._tell_subscription(topic, "ended")

    def publish(self, publication: Publication, name: str | None) -> bool:
        """False if it cannot be now: there is no connection, or the broker owes too many answers."""
        if not self.is_connected or len(self._published) >= MOST_UNANSWERED:
            return False
        sent = self._client.publish(*publication)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        _, _, qos, retain = publication
        self._published[sent.mid] = {"id": name, "topic": publication.topic, "qos": qos, "retain": retain}
        return True

    def close(self) -> None:
        """Leave at once. Nothing is told any more."""
        client = self._client
        _detach(client)
        client.disconnect()
        self._loop.run_in_executor(None, client.loop_stop)

    # --- What the broker says: in the event loop -------------------------------------------------------------------

    def _on_connect(self, client: mqtt.Client, reason: ReasonCode) -> None:
        if client is not self._client:
            return
        if reason == "Unsupported protocol version" and client.protocol == MQTTProtocolVersion.MQTTv5:
            self.close()
            self._open(MQTTProtocolVersion.MQTTv311)
        elif reason.is_failure:
            self._give_up(f"The broker refuses the connection: {reason}.")
        else:
            self.is_connected = True
            self._tell("connected", protocol=PROTOCOLS[client.protocol])
            for topic, qos in self._subscriptions.items():
                self._subscribe(topic, qos)

    def _on_lost(self, client: mqtt.Client, detail: str, is_final: bool) -> None:
        if client is not self._client:
            return
        self.is_connected = False
        self._asked.clear()
        for topic in self._ended.values():
            self._tell_subscription(topic, "ended")
        self._ended.clear()
        for mid, publication in list(self._published.items()):
            # The others paho sends again when the connection is back.
            if is_final or publication["qos"] == 0:
                del self._published[mid]
                self._tell("failed", **publication, detail="The connection was lost before it was sent.")
        if is_final:
            self._give_up(detail)
        else:
            self._tell("reconnecting", detail=detail)

    def _on_subscribe(self, mid: int, reason: ReasonCode) -> None:
        topic, qos = self._asked.pop(mid, ("", 0))
        if self._subscriptions.get(topic) != qos:
            return  # ended, or asked for anew, meanwhile
        if reason.is_failure:
            del self._subscriptions[topic]
            self._tell_subscription(topic, "refused", qos=qos, detail=f"The broker refuses it: {reason}.")
        else:
            self._tell_subscription(topic, "granted", qos=qos, granted=reason.value)

    def _on_unsubscribe(self, mid: int) -> None:
        if (topic := self._ended.pop(mid, None)) is not None and topic not in self._subscriptions:
            self._tell_subscription(topic, "ended")

    def _on_publish(self, mid: int, reason: ReasonCode) -> None:
        publication = self._published.pop(mid, None)
        if publication is None:
            return
        if reason.is_failure:
            self._tell("failed", **publication, detail=f"The broker refuses it: {reason}.")
        else:
            self._tell("published", **publication)

    def _look(self) -> None:
        """Wake whoever empties the inbox, at once or when the last time is long enough ago."""
        at = max(self._loop.time(), self._next_look)
        self._next_look = at + INTERVAL
        self._loop.call_at(at, self._wake)

    # --- What paho says: in its own thread --------------------------------------------------------------------------

    def _take(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        # What is not theirs to see takes no room of what is; what is not known yet is looked at again later.
        verdict = self.sight.verdict(topic)
        if verdict is False:
            return
        payload = bytes(message.payload)
        arrived = Message(topic, payload[:SHOWN_BYTES], len(payload), message.qos, message.retain, timezone.now())
        if self.inbox.put(arrived, is_theirs=bool(verdict)):
            self._loop.call_soon_threadsafe(self._look)

    def _soon(self, call: Callable[..., None], *arguments: Any) -> None:
        self._loop.call_soon_threadsafe(partial(call, *arguments))

    # --- Steps ------------------------------------------------------------------------------------------------------

    def _open(self, protocol: MQTTProtocolVersion) -> None:
        broker = self.listed.broker
        client = PinnedClient(self._address, client_id=f"iotsphere-console-{uuid4().hex[:12]}", protocol=protocol)
        introduce(client, broker)
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        client.suppress_exceptions = True  # one would end paho's thread
        client.on_connect = lambda client, _data, _flags, reason, _properties: self._soon(
            self._on_connect, client, reason
        )
        client.on_connect_fail = lambda client, _data: self._soon(self._on_lost, client, *_why_it_failed())
        client.on_disconnect = lambda client, _data, _flags, reason, _properties: self._soon(
            self._on_lost, client, f"The connection was lost: {reason}.", False
        )
        client.on_subscribe = lambda _client, _data, mid, reasons, _properties: self._soon(
            self._on_subscribe, mid, reasons[0]
        )
        client.on_unsubscribe = lambda _client, _data, mid, _reasons, _properties: self._soon(self._on_unsubscribe, mid)
        client.on_publish = lambda _client, _data, mid, reason, _properties: self._soon(self._on_publish, mid, reason)
        client.on_message = self._take
        options: dict[str, Any] = {}
        if protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.MaximumPacketSize = LARGEST_PACKET
            options = {"clean_start": True, "properties": properties}
        client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE, **options)
        client.loop_start()
        self._client = client

    def _subscribe(self, topic: str, qos: int) -> None:
        _, mid = self._client.subscribe(topic, qos)
        if mid is not None:
            self._asked[mid] = (topic, qos)

    def _give_up(self, detail: str) -> None:
        self.is_connected = False
        self._subscriptions.clear()
        self.close()
        self._tell("disconnected", detail=detail)

    def _tell(self, event: str, **more: Any) -> None:
        self.events.append({"type": "mqtt_event", "event": event, "broker": self.listed.name, **more})
        self._wake()

    def _tell_subscription(self, topic: str, state: str, **more: Any) -> None:
        self.events.append({"type": "mqtt_subscription", "topic": topic, "state": state, **more})
        self._wake()


def _detach(client: mqtt.Client) -> None:
    """Whatever paho still has to say, nobody listens."""
    client.on_connect = client.on_connect_fail = client.on_disconnect = client.on_message = None
    client.on_subscribe = client.on_unsubscribe = client.on_publish = None


def _why_it_failed() -> tuple[str, bool]:
    """Asked while paho handles the error: what it says, and whether trying again is of no use."""
    error = sys.exception()
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The broker's certificate is not trusted: {error.verify_message}.", True
    return f"The broker does not answer: {getattr(error, 'strerror', None) or error}.", False
