"""Which messages the listener acknowledges."""

from typing import Any
from unittest.mock import Mock

import pytest

from telemetry.bulk_client import BulkClient
from telemetry.line import Delivery, Line, Purpose
from telemetry.listener import acknowledge, sort_out
from tests.factories import NOON

NOTHING: tuple[list[Any], ...] = ([], [], [], [])


def line(client: Any = None, *, is_shared: bool = False) -> Line:
    line = Line("sensor", Purpose(), most_unacknowledged=10, take=Mock(), changed=Mock())
    line._client = client
    line.is_shared = is_shared
    return line


def delivery(line: Line, **fields: Any) -> Delivery:
    defaults: dict[str, Any] = {
        "connection": 0,
        "mid": 1,
        "qos": 1,
        "topic": "app/device/sensor/telemetry",
        "body": b"{}",
        "is_retained": False,
        "received_at": NOON,
    }
    return Delivery(line, **{**defaults, **fields})


@pytest.fixture
def client() -> Mock:
    return Mock(spec=BulkClient)


def test_messages_of_this_connection_are_acknowledged(client: Mock) -> None:
    here = line(client)
    acknowledge([delivery(here, mid=7), delivery(here, mid=8)])
    client.acknowledge.assert_called_once_with([7, 8])


def test_messages_of_a_former_connection_are_not(client: Mock) -> None:
    here = line(client)
    here._on_disconnect(client, None, None, Mock(), None)
    acknowledge([delivery(here, connection=0), delivery(here, connection=1, mid=9)])
    client.acknowledge.assert_called_once_with([9])


def test_each_is_acknowledged_where_it_came_from() -> None:
    one, other = Mock(spec=BulkClient), Mock(spec=BulkClient)
    acknowledge([delivery(line(one), mid=7), delivery(line(other), mid=8)])
    one.acknowledge.assert_called_once_with([7])
    other.acknowledge.assert_called_once_with([8])


def test_what_needs_no_acknowledgement_gets_none(client: Mock) -> None:
    acknowledge([delivery(line(client), qos=0)])
    client.acknowledge.assert_called_once_with([])


def test_telemetry_and_statuses_are_sorted_out() -> None:
    here = line()
    telemetry, statuses, *_ = sort_out(
        [delivery(here), delivery(here, topic="app/device/sensor/status", body=b" Offline\n")]
    )
    assert [envelope.device_id for envelope in telemetry] == ["sensor"]
    assert [(status.device_id, status.word) for status in statuses] == [("sensor", "offline")]


def test_a_status_that_may_have_been_overtaken_is_left_to_the_line_that_brings_them_in_order() -> None:
    assert sort_out([delivery(line(is_shared=True), topic="app/device/sensor/status", body=b"offline")]) == NOTHING


def test_a_wrong_topic_goes_to_ingest_to_be_counted() -> None:
    [envelope], *_ = sort_out([delivery(line(), topic="app/device/sensor/temperature")])
    assert (envelope.device_id, envelope.topic) == ("", "app/device/sensor/temperature")


def test_retained_telemetry_is_dropped() -> None:
    assert sort_out([delivery(line(), is_retained=True)]) == NOTHING


def test_replies_and_reports_are_for_devices_that_said_them() -> None:
    here = line()
    _, _, letters, _ = sort_out(
        [
            delivery(here, topic="app/device/sensor/command/17/reply"),
            delivery(here, topic="app/device/sensor/twin/reported"),
        ]
    )
    assert [(letter.topic.kind, letter.topic.command_id) for letter in letters] == [
        ("command/reply", "17"),
        ("twin/reported", ""),
    ]


@pytest.mark.parametrize("topic", ["command", "twin/desired"])
def test_what_the_portal_says_itself_is_no_news(topic: str) -> None:
    assert sort_out([delivery(line(), topic=f"app/device/sensor/{topic}")]) == NOTHING
