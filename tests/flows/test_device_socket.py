"""A device on the socket of a real web server."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from devices.models import Credential, Device, Presence
from telemetry.device_socket.consumer import MOST_UNANSWERED
from telemetry.models import LedgerHour, Reading
from tests.fixtures.device_sockets import DEVICE_SOCKET, telemetry
from tests.fixtures.live import Portal
from tests.waiting import wait_until

PATIENCE = 20


@pytest.fixture
def portal(lasting_portal: Portal) -> Portal:
    return lasting_portal


@pytest.fixture
def socket(portal: Portal, api_key: tuple[Credential, str]) -> Iterator[Connection]:
    headers = {"Authorization": f"Bearer {api_key[1]}"}
    url = f"{portal.websocket_url}{DEVICE_SOCKET}"
    with connect(url, additional_headers=headers, open_timeout=PATIENCE) as socket:
        assert receive(socket)["type"] == "ready"
        yield socket


def receive(socket: Connection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(socket.recv(timeout=PATIENCE))
    return frame


def test_a_backlog_is_stored_once_however_often_it_is_sent(socket: Connection) -> None:
    begin = timezone.now() - timedelta(hours=1)
    times = [(begin + timedelta(seconds=n)).isoformat() for n in range(MOST_UNANSWERED)]
    for _ in range(2):
        for number, time in enumerate(times):
            socket.send(json.dumps(telemetry(number, timestamp=time)))
        assert [receive(socket)["id"] for _ in times] == list(range(len(times)))
    assert Reading.objects.count() == len(times)
    assert sum(LedgerHour.objects.values_list("duplicate", flat=True)) == len(times)


def test_a_revoked_key_reaches_every_web_server(socket: Connection, api_key: tuple[Credential, str]) -> None:
    api_key[0].revoke()
    assert receive(socket)["code"] == "unauthenticated"
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_device_that_hangs_up_is_offline(socket: Connection, sensor: Device) -> None:
    socket.send(json.dumps(telemetry()))
    assert receive(socket)["type"] == "ack"
    socket.close()
    wait_until(lambda: Device.objects.get(pk=sensor.pk).presence == Presence.OFFLINE)
