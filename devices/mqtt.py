"""Clients of the broker that settings.MQTT_URL names."""

import ssl
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import paho.mqtt.client as mqtt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEPALIVE = 30


class Broker(NamedTuple):
    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None
    ca_file: str | None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_url(url: str) -> Broker:
    """`mqtt[s]://[user:password@]host[:port][?ca=/path/to/ca.pem]`; anything else raises ImproperlyConfigured."""
    address = urlsplit(url)
    try:
        port = address.port or DEFAULT_PORTS[address.scheme]
    except (KeyError, ValueError):
        port = 0
    if not address.hostname or not port:
        raise ImproperlyConfigured("MQTT_URL must read mqtt://[user:password@]host[:1883] or mqtts://….")
    return Broker(
        host=address.hostname,
        port=port,
        tls=address.scheme == "mqtts",
        username=None if address.username is None else unquote(address.username),
        password=None if address.password is None else unquote(address.password),
        ca_file=parse_qs(address.query).get("ca", [None])[0],
    )


def make_client(
    client_id: str, protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311, **options: Any
) -> tuple[mqtt.Client, Broker]:
    """A paho client that knows the portal's broker and its account there but is not connected yet.

    `options` are those of paho's constructor. Who connects it names host and port, for how a connection is made
    (at once or in the background, with which properties) differs.
    """
    broker = parse_url(settings.MQTT_URL)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol, **options)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        client.tls_set(ca_certs=broker.ca_file, tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.reconnect_delay_set(min_delay=1, max_delay=30)
    return client, broker
