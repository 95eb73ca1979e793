"""Which messages the listener acknowledges."""

from typing import Any
from unittest.mock import Mock

import paho.mqtt.client as mqtt
import pytest

from telemetry.listener import Delivery, Listener, sort_out
from tests.factories import NOON


def delivery(client: Any = None, **fields: Any) -> Delivery:
    defaults: dict[str, Any] = {
        "connection": 0,
        "mid": 1,
        "qos": 1,
        "topic": "app/device/sensor/telemetry",
        "body": b"{}",
        "is_retained": False,
        "received_at": NOON,
    }
    return Delivery(client, **{**defaults, **fields})


@pytest.fixture
def client() -> Mock:
    return Mock(spec=mqtt.Client)


def test_messages_of_this_connection_are_acknowledged(client: Mock) -> None:
    Listener()._acknowledge([delivery(client, mid=7), delivery(client, mid=8, qos=2)])
    assert [call.args for call in client.ack.call_args_list] == [(7, 1), (8, 2)]


def test_messages_of_a_former_connection_are_not(client: Mock) -> None:
    listener = Listener()
    listener._on_disconnect(client, None, None, Mock(), None)
    listener._acknowledge([delivery(client, connection=0), delivery(client, connection=1, mid=9)])
    assert [call.args for call in client.ack.call_args_list] == [(9, 1)]


def test_what_needs_no_acknowledgement_gets_none(client: Mock) -> None:
    Listener()._acknowledge([delivery(client, qos=0)])
    assert not client.ack.called


def test_telemetry_and_statuses_are_sorted_out() -> None:
    telemetry, statuses = sort_out([delivery(), delivery(topic="app/device/sensor/status", body=b" Offline\n")])
    assert [envelope.device_id for envelope in telemetry] == ["sensor"]
    assert [(status.device_id, status.word) for status in statuses] == [("sensor", "offline")]


def test_a_wrong_topic_goes_to_ingest_to_be_counted() -> None:
    [envelope], _ = sort_out([delivery(topic="app/device/sensor/temperature")])
    assert (envelope.device_id, envelope.topic) == ("", "app/device/sensor/temperature")


def test_retained_telemetry_is_dropped() -> None:
    assert sort_out([delivery(is_retained=True)]) == ([], [])
