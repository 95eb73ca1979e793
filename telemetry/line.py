"""A line to the broker: one persistent session, whose messages are acknowledged when that is asked for."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
import structlog
from django.conf import settings
from django.utils import timezone
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices import topics
from devices.mqtt import KEEPALIVE, introduce, parse_url
from telemetry.bulk_client import BulkClient, Publication

log = structlog.get_logger(__name__)

QOS = 1
SESSION_KEPT = 7 * 24 * 3600  # seconds that the broker keeps messages for a session that is away (MQTT 5)
FAREWELL = 5.0


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a line is for: the subscriptions that it makes or ends when it connects."""

    # The first is what it is for; a broker that refuses the others does no harm.
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    # Instead of `subscribe`, where the broker knows no shared subscriptions.
    unshared: str = ""
    # Whether the session is this process's own. Another's may be taken back by its owner at any time, and a broker
    # does not reliably say so: then a line that is lost is not connected again by itself.
    is_own: bool = True


class Delivery(NamedTuple):
    """A message of the broker. It can be acknowledged only on the connection on which it came."""

    line: "Line"
    connection: int
    mid: int
    qos: int
    topic: str
    body: bytes
    is_retained: bool
    received_at: datetime

    @property
    def size(self) -> int:
        return len(self.body)


class Line:
    """`open()` once, `close()` once. What arrives is given to `take`, in a thread of the line's own.

    `changed` is called whenever one of the properties may be another.
    """

    def __init__(
        self,
        client_id: str,
        purpose: Purpose,
        *,
        most_unacknowledged: int,
        take: Callable[[Delivery], object],
        changed: Callable[[], object],
    ) -> None:
        self.client_id = client_id
        self.is_up = False  # connected, and what it is for is arranged
        self.is_over = False  # it was lost and will not be connected again
        self.is_shared = False  # others get part of the messages, and one may overtake another
        self._purpose = purpose
        self._most_unacknowledged = min(most_unacknowledged, 65_535)
        self._take = take
        self._changed = changed
        self._client: BulkClient | None = None
        self._lock = threading.Lock()  # held while acknowledging, so that the connection stays the same
        self._connection = 0
        self._came = 0  # counted in paho's thread
        self._done = 0  # counted by who acknowledges
        self._last_came = 0.0
        self._is_closing = False
        self._goodbye = threading.Event()

    def open(self) -> None:
        self._connect(MQTTProtocolVersion.MQTTv5)

    def close(self, *, for_ever: bool = False) -> None:
        """Leave once the broker has read the acknowledgements. With `for_ever` it forgets the session."""
        self._is_closing = True
        client = self._client
        if client is None:
            return
        if client.is_connected():
            # A broker reads in order: when it answers this, it has read the acknowledgements too.
            client.unsubscribe(topics.NOTHING)
            self._goodbye.wait(FAREWELL)
        _leave(client, _session_kept(PacketTypes.DISCONNECT, 0) if for_ever else None)
        client.loop_stop()

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        with self._lock:
            self._done += len(deliveries)
            if self._client is not None:
                self._client.acknowledge(
                    [
                        delivery.mid
                        for delivery in deliveries
                        if delivery.qos > 0 and delivery.connection == self._connection
                    ]
                )

    def is_drained(self, quiet: float) -> bool:
        """Whether all that came is acknowledged, and nothing more has come for `quiet` seconds."""
        return self.is_up and self._came == self._done and time.monotonic() - self._last_came > quiet

    # --- The rest runs in paho's thread ---

    def _connect(self, protocol: MQTTProtocolVersion) -> None:
        options: dict[str, Any] = {}
        how: dict[str, Any] = {"on_publication": self._pass_on, "reconnect_on_failure": self._purpose.is_own}
        if protocol == MQTTProtocolVersion.MQTTv5:
            properties = _session_kept(PacketTypes.CONNECT, SESSION_KEPT)
            properties.ReceiveMaximum = self._most_unacknowledged
            options |= {"clean_start": False, "properties": properties}
        else:
            how["clean_session"] = False
        client = BulkClient(self.client_id, protocol, **how)
        broker = parse_url(settings.MQTT_URL)
        introduce(client, broker)
        client.reconnect_delay_set(min_delay=1, max_delay=2)
        # An exception in a callback would end paho's thread, and nobody would listen any more.
        client.suppress_exceptions = True
        client.enable_logger(logging.getLogger("paho"))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_arranged
        client.on_unsubscribe = self._on_arranged
        client.on_disconnect = self._on_disconnect
        self._client = client
        client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE, **options)
        client.loop_start()

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        if reason == "Unsupported protocol version" and client.protocol == MQTTProtocolVersion.MQTTv5:
            _leave(client)
            self._connect(MQTTProtocolVersion.MQTTv311)
            return
        if reason.is_failure:
            log.warning("the broker refuses the listener", reason=str(reason), address=client.host)
            return
        log.info("connected", session=self.client_id, address=client.host, port=client.port, kept=flags.session_present)
        self._last_came = time.monotonic()
        if self._purpose.unsubscribe:
            self.is_shared = True
            client.unsubscribe(list(self._purpose.unsubscribe))
            return
        wanted = self._purpose.subscribe
        knows_5 = client.protocol == MQTTProtocolVersion.MQTTv5
        if self._purpose.unshared:
            self.is_shared = knows_5 and getattr(properties, "SharedSubscriptionAvailable", 1) == 1
            if not self.is_shared:
                log.info("the broker knows no shared subscriptions: let one worker listen, not several")
                wanted = (self._purpose.unshared,)
        if knows_5:
            # With the session, what is retained need not be sent again (MQTT 5 alone can be told so).
            options = SubscribeOptions(qos=QOS, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            client.subscribe([(topic, options) for topic in wanted])
        else:
            client.subscribe([(topic, QOS) for topic in wanted])

    def _on_connect_fail(self, client: mqtt.Client, _userdata: Any) -> None:
        log.warning("the broker does not answer, trying again", address=client.host, port=client.port)
        # Nobody is told: whoever looks after the line finds out soon enough, and would else try again without a pause.
        self.is_over = not self._purpose.is_own

    def _on_arranged(
        self, _client: mqtt.Client, _userdata: Any, _mid: int, reasons: Sequence[ReasonCode], _properties: Any
    ) -> None:
        if self._is_closing:
            self._goodbye.set()
        elif any(reason.is_failure for reason in reasons[:1]):
            log.error("the broker refuses the subscription", reasons=[str(reason) for reason in reasons])
        else:
            log.info("arranged", session=self.client_id, purpose=self._purpose)
            self.is_up = True
            self._changed()

    def _on_disconnect(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if client is not self._client:
            return
        with self._lock:
            self._connection += 1
        self.is_up = False
        self.is_over = not self._purpose.is_own
        if not self._is_closing:
            log.warning("lost the broker", session=self.client_id, reason=str(reason))
            self._changed()

    def _pass_on(self, publication: Publication) -> None:
        try:
            topic = publication.topic.decode()
        except UnicodeDecodeError:
            topic = "(not UTF-8)"
        self._came += 1
        self._last_came = time.monotonic()
        delivery = Delivery(
            line=self,
            connection=self._connection,
            mid=publication.mid,
            qos=publication.qos,
            topic=topic,
            body=publication.body,
            is_retained=publication.is_retained,
            received_at=timezone.now(),
        )
        self._take(delivery)


def _session_kept(packet: int, seconds: int) -> Properties:
    properties = Properties(packet)
    properties.SessionExpiryInterval = seconds
    return properties


def _leave(client: mqtt.Client, properties: Properties | None = None) -> None:
    client.disable_logger()  # paho calls its own leaving an error
    client.disconnect(properties=properties)
