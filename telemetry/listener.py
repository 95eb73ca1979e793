"""The MQTT door: takes messages from the broker, hands them to ingest, and acknowledges what is committed.

The session at the broker is persistent and messages are acknowledged only after the commit of their batch, so the
broker is the queue: what a crash leaves unacknowledged is delivered again, and readings know their own key.
While the database does not answer, the batch is tried again and again. Meanwhile a broker that speaks MQTT 5 sends
no more than the inbox holds, for it knows how many messages may be unacknowledged; another one is held up by a
full inbox, and may hang up and deliver again later. Either way memory stays bounded.

Retained telemetry (a copy that a broker hands to every new subscriber) is not news: it is acknowledged and dropped.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices import topics
from devices.mqtt import KEEPALIVE, make_client
from devices.presence import Status, Word, note_statuses
from telemetry import heartbeat, live
from telemetry.inbox import Inbox
from telemetry.ingest import Envelope, ingest
from telemetry.models import Door

log = structlog.get_logger(__name__)

QOS = 1
MAX_INBOX_BYTES = 32 * 1024 * 1024
SESSION_KEPT = 7 * 24 * 3600  # seconds that the broker keeps messages for a listener that is away (MQTT 5)
FAREWELL = 5.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
WORDS: dict[bytes, Word] = {b"online": "online", b"offline": "offline"}


class Delivery(NamedTuple):
    """A message of the broker. It can be acknowledged only on the connection on which it came."""

    client: mqtt.Client
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


class Listener:
    """Runs in three threads: paho's takes messages in, one processes them, one tells that all is well.

    `start()` once, `stop()` once.
    """

    def __init__(self) -> None:
        self._inbox: Inbox[Delivery] = Inbox(2 * settings.INGEST_BATCH_SIZE, MAX_INBOX_BYTES)
        self._stopping = threading.Event()
        self.listening = threading.Event()  # connected and subscribed
        self._goodbye = threading.Event()
        self._lock = threading.Lock()  # held while acknowledging, so that the connection stays the same
        self._connection = 0
        self._client: mqtt.Client | None = None
        self._can_store = True
        self._worker = threading.Thread(target=self._work, name="ingest", daemon=True)
        self._pulse = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._worker.start()
        self._pulse.start()
        self._connect(MQTTProtocolVersion.MQTTv5)

    @property
    def is_well(self) -> bool:
        """Whether a message that a device sends now would be stored."""
        return self._can_store and self._worker.is_alive() and self.listening.is_set()

    def stop(self, timeout: float = 30.0) -> None:
        """Take nothing more in, finish what waits, acknowledge it, and leave the broker."""
        self._stopping.set()
        self._inbox.close()
        self._worker.join(timeout)
        if self._client is not None:
            if self._client.is_connected():
                # A broker reads in order: when it answers this, it has read the acknowledgements too.
                self._client.unsubscribe(topics.NOTHING)
                self._goodbye.wait(FAREWELL)
            _leave(self._client)
            self._client.loop_stop()
        log.info("listener stopped", left=len(self._inbox))

    # --- The broker's side: these run in paho's thread ---

    def _connect(self, protocol: MQTTProtocolVersion) -> None:
        options: dict[str, Any] = {}
        if protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = SESSION_KEPT
            properties.ReceiveMaximum = min(2 * settings.INGEST_BATCH_SIZE, 65_535)
            options |= {"clean_start": False, "properties": properties}
            client, broker = make_client(settings.INGEST_CLIENT_ID, protocol, manual_ack=True)
        else:
            client, broker = make_client(settings.INGEST_CLIENT_ID, protocol, manual_ack=True, clean_session=False)
        # An exception in a callback would end paho's thread, and nobody would listen any more.
        client.suppress_exceptions = True
        client.enable_logger(logging.getLogger("paho"))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = lambda *_: self._goodbye.set()
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        self._client = client
        client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE, **options)
        client.loop_start()

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason == "Unsupported protocol version" and client.protocol == MQTTProtocolVersion.MQTTv5:
            _leave(client)
            self._connect(MQTTProtocolVersion.MQTTv311)
        elif reason.is_failure:
            log.warning("the broker refuses the listener", reason=str(reason), address=client.host)
        else:
            log.info("listener connected", address=client.host, port=client.port, session=flags.session_present)
            # With the session, what is retained need not be sent again (MQTT 5 alone can be told so).
            options = SubscribeOptions(qos=QOS, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            if client.protocol == MQTTProtocolVersion.MQTTv5:
                client.subscribe(topics.ALL, options=options)
            else:
                client.subscribe(topics.ALL, QOS)

    def _on_connect_fail(self, client: mqtt.Client, _userdata: Any) -> None:
        log.warning("the broker does not answer, trying again", address=client.host, port=client.port)

    def _on_subscribe(
        self, _client: mqtt.Client, _userdata: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            log.error("the broker refuses the subscription", reasons=[str(reason) for reason in reasons])
        else:
            log.info("listening", topics=topics.ALL)
            self.listening.set()

    def _on_disconnect(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self.listening.clear()
        with self._lock:
            self._connection += 1
        if not self._stopping.is_set() and client is self._client:
            log.warning("listener lost the broker, trying again", reason=str(reason))

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(not UTF-8)"
        delivery = Delivery(
            client=client,
            connection=self._connection,
            mid=message.mid,
            qos=message.qos,
            topic=topic,
            body=bytes(message.payload),
            is_retained=message.retain,
            received_at=timezone.now(),
        )
        self._inbox.put(delivery)

    # --- The portal's side ---

    def _beat(self) -> None:
        self.listening.wait(heartbeat.EVERY)  # the first one at once: somebody may wait for it
        while not self._stopping.is_set():
            heartbeat.beat(is_well=self.is_well)
            self._stopping.wait(heartbeat.EVERY)

    def _work(self) -> None:
        while deliveries := self._inbox.take(settings.INGEST_BATCH_SIZE):
            telemetry, statuses = sort_out(deliveries)
            if telemetry and not self._persist(partial(ingest, telemetry)):
                break
            if statuses and not self._persist(partial(take_statuses, statuses)):
                break
            self._acknowledge(deliveries)
        connection.close()

    def _persist(self, write: Callable[[], object]) -> bool:
        """Call it until it succeeds; False if the listener is stopped before that."""
        pause = SHORTEST_PAUSE
        while True:
            try:
                write()
            except Exception:
                self._can_store = False
                log.exception("nothing can be stored, trying again", retry_in=pause, waiting=len(self._inbox))
                connection.close()
            else:
                self._can_store = True
                return True
            if self._stopping.wait(pause):
                return False
            pause = min(2 * pause, LONGEST_PAUSE)

    def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        with self._lock:
            for delivery in deliveries:
                if delivery.qos > 0 and delivery.connection == self._connection:
                    delivery.client.ack(delivery.mid, delivery.qos)


def _leave(client: mqtt.Client) -> None:
    client.disable_logger()  # paho calls its own leaving an error
    client.disconnect()


def sort_out(deliveries: Sequence[Delivery]) -> tuple[list[Envelope], list[Status]]:
    """What is for ingest (wrong topics too, for they are counted), and what is said about connections."""
    telemetry: list[Envelope] = []
    statuses: list[Status] = []
    for delivery in deliveries:
        device_id, kind = topics.parse(delivery.topic) or ("", "")
        if kind == topics.STATUS:
            word = WORDS.get(delivery.body.strip().lower())
            if word:
                statuses.append(Status(device_id, word, delivery.received_at, delivery.is_retained))
            else:
                log.warning("a status is neither online nor offline", topic=delivery.topic)
        elif not delivery.is_retained:
            telemetry.append(Envelope(device_id, delivery.body, Door.MQTT, delivery.received_at, delivery.topic))
    return telemetry, statuses


def take_statuses(statuses: Sequence[Status]) -> None:
    live.push(live.presence_changes(note_statuses(statuses)))
