"""Live updates through real servers: a reading is ingested here and seen on a socket of a web process."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from devices.models import Device, Project
from iotsphere.models import User
from telemetry.ingest import Envelope, ingest
from telemetry.models import Door
from tests.factories import DeviceFactory
from tests.fixtures.live import Portal
from tests.fixtures.sockets import session_cookie

PATIENCE = 20


@pytest.fixture(params=["daphne", pytest.param("uvicorn", marks=pytest.mark.once)])
def portal(request: pytest.FixtureRequest, lasting_portals: Callable[[str], Portal]) -> Portal:
    """A web process under each of the servers that it may run under."""
    return lasting_portals(request.param)


@pytest.fixture
def sensor(acme: Project) -> Device:
    return DeviceFactory.create(device_id="sensor", project=acme)


class Page:
    """A page of the portal in a browser, as far as its socket goes."""

    def __init__(self, portal: Portal, user: User) -> None:
        client = Client()
        client.force_login(user)
        self.socket: ClientConnection = connect(
            f"{portal.websocket_url}/ws/live/",
            origin=Origin(portal.url),
            additional_headers={"Cookie": session_cookie(client)},
            open_timeout=PATIENCE,
        )
        assert self.receive()["type"] == "ready"

    def receive(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self.socket.recv(timeout=PATIENCE))
        return frame

    def subscribe(self, **more: str) -> dict[str, Any]:
        self.socket.send(json.dumps({"type": "subscribe", "id": "x", "devices": ["sensor"], **more}))
        return self.receive()


@pytest.fixture
def page(portal: Portal, vera: User) -> Iterator[Page]:
    page = Page(portal, vera)
    yield page
    page.socket.close()


def send(value: float, *, seconds_ago: int = 0) -> str:
    """Have the sensor send a temperature; the time it is stored with."""
    now = timezone.now().replace(microsecond=0) - timedelta(seconds=seconds_ago)
    time = now.isoformat().replace("+00:00", "Z")
    body = json.dumps({"telemetry": {"temperature": value}, "timestamp": time}).encode()
    [receipt] = ingest([Envelope("sensor", body, Door.MQTT, timezone.now())])
    assert receipt.stored == 1
    return time


def temperature(frame: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = frame["devices"]["sensor"]["values"]["temperature"]
    return value


def test_a_reading_is_seen_on_an_open_page(page: Page, sensor: Device) -> None:
    assert page.subscribe()["devices"]["sensor"] == {"presence": "unknown", "last_message": None, "values": {}}
    time = send(25.5)
    change = page.receive()
    assert temperature(change) == {"value": 25.5, "time": time}
    assert change["devices"]["sensor"]["presence"] == "online"


def test_after_a_drop_exactly_what_was_missed_comes(portal: Portal, vera: User, sensor: Device, page: Page) -> None:
    page.subscribe()
    send(20.0, seconds_ago=10)
    cursor = page.receive()["cursor"]
    page.socket.close()
    missed = [{"value": float(value), "time": send(value, seconds_ago=30 - value)} for value in (21, 22, 23)]
    again = Page(portal, vera)
    frames = [again.subscribe(cursor=cursor)]
    while frames[-1]["devices"]:
        frames.append(again.receive())
    assert [temperature(frame) for frame in frames[:-1]] == missed
    again.socket.close()


def test_a_viewer_of_another_project_is_told_not_found(portal: Portal, charlie: User, sensor: Device) -> None:
    page = Page(portal, charlie)
    assert page.subscribe()["code"] == "not_found"
    page.socket.close()


def test_a_password_change_closes_the_socket(page: Page, vera: User) -> None:
    vera.set_password("another horse")
    vera.save()
    assert page.receive()["code"] == "unauthenticated"
    with pytest.raises(ConnectionClosed) as closed:
        page.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_socket_that_another_site_opens_is_refused(portal: Portal) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{portal.websocket_url}/ws/live/", origin=Origin("http://evil.example"), open_timeout=PATIENCE)
    assert refused.value.response.status_code == 403
