"""Clients of the broker that settings.MQTT_URL names."""

import ssl
from typing import Any

import paho.mqtt.client as mqtt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from devices.mqtt_url import Broker, read_url

KEEPALIVE = 30


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
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        client.tls_set(ca_certs=broker.ca_file, tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.reconnect_delay_set(min_delay=1, max_delay=2)
    return client, broker
