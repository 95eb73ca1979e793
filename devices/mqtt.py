"""Clients of the broker that settings.MQTT_URL names."""

import socket
import ssl
import threading
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from devices.mqtt_url import Broker, read_url

log = structlog.get_logger(__name__)

KEEPALIVE = 30
PATIENCE = 5.0


def parse_url(url: str) -> Broker:
    """The broker an address names; one that is none raises ImproperlyConfigured."""
    try:
        return read_url(url)
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from error


def make_client(
    client_id: str, protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311, **options: Any
) -> tuple[mqtt.Client, Broker]:
    """A paho client that knows the portal's broker and its account there but is not connected yet.

    `options` are those of paho's constructor. Who connects it names host and port, for how a connection is made
    (at once or in the background, with which properties) differs.
    """
    broker = parse_url(settings.MQTT_URL)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol, **options)
    introduce(client, broker)
    client.reconnect_delay_set(min_delay=1, max_delay=2)
    return client, broker


def introduce(client: mqtt.Client, broker: Broker) -> None:
    """Tell a client the account and the authority that `broker` asks for."""
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        client.tls_set(ca_certs=broker.ca_file, tls_version=ssl.PROTOCOL_TLS_CLIENT)


class PinnedClient(mqtt.Client):
    """Connects to one address, whatever the broker's name may lead to by then. TLS still asks for the name."""

    def __init__(self, address: str, **options: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, **options)
        self._address = address

    def _create_socket_connection(self) -> socket.socket:
        return socket.create_connection((self._address, self._port), timeout=self._connect_timeout)


def end_session(*client_ids: str) -> None:
    """End the connections of these clients and forget what waits for them.

    A broker has one connection of a client ID: it closes the older one when the portal comes with the same.
    """
    for client_id in client_ids:
        client, broker = make_client(client_id, clean_session=True)
        client.connect_timeout = PATIENCE
        answered = threading.Event()
        client.on_connect = lambda *_, answered=answered: answered.set()
        try:
            client.connect(broker.host, broker.port)
        except OSError as error:
            log.warning("the broker does not answer: connections are not ended", error=str(error), clients=client_ids)
            return
        client.loop_start()
        answered.wait(PATIENCE)
        client.disconnect()
        client.loop_stop()
