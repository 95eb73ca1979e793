"""Who may do what over which socket. The sockets come from the routing: one that is new fails here first."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from devices.models import Device, Project
from iotsphere.models import User
from iotsphere.routing import websocket
from tests.factories import CommandTypeFactory, DeviceFactory, DeviceTypeFactory
from tests.fixtures.sockets import PAGE, Frame, OpenSocket, session_cookie

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

SUBSCRIBE = {"type": "subscribe", "id": "x", "devices": ["lamp"]}
SUBSCRIBE_ALERTS = {"type": "subscribe", "id": "x", "alerts": {"project": "acme"}}
COMMAND = {"type": "command", "id": "x", "device": "lamp", "name": "blink"}
DESIRED = {"type": "desired", "id": "x", "device": "lamp", "state": {"mode": "off"}}
# What alice, oscar, vera, charlie, root and nobody are answered at first (None), or to a frame: its code, or its type.
MATRIX: dict[str, list[tuple[Frame | None, tuple[str, ...]]]] = {
    "ws/live/": [
        (None, ("ready", "ready", "ready", "ready", "ready", "authenticate")),
        (SUBSCRIBE, ("state", "state", "state", "not_found", "state", "unauthenticated")),
        (SUBSCRIBE_ALERTS, ("state", "state", "state", "not_found", "state", "unauthenticated")),
        (COMMAND, ("ack", "ack", "forbidden", "not_found", "ack", "unauthenticated")),
        (DESIRED, ("ack", "ack", "forbidden", "not_found", "ack", "unauthenticated")),
    ],
    "ws/mqtt/": [(None, ("ready", "ready", "forbidden", "forbidden", "ready", "authenticate"))],
    # Sessions count for nothing where devices come in.
    "ws/device/": [(None, ("authenticate",) * 6)],
}


def paths(application: Any) -> Iterator[str]:
    """Of the sockets behind a router, whatever is wrapped around it."""
    for route in getattr(application, "routes", []):
        if str(route.pattern):
            yield str(route.pattern)
        yield from paths(route.callback)
    for inner in ("inner", "application", "app"):
        if hasattr(application, inner):
            yield from paths(getattr(application, inner))


@pytest.fixture
def lamp(acme: Project) -> Device:
    settings = {"type": "object", "properties": {"mode": {"enum": ["eco", "off"]}}}
    lamps = DeviceTypeFactory.create(settings_schema=settings)
    CommandTypeFactory.create(device_type=lamps, name="blink")
    return DeviceFactory.create(device_id="lamp", project=acme, device_type=lamps)


def test_every_socket_is_in_the_matrix() -> None:
    assert set(paths(websocket)) == set(MATRIX)


@pytest.mark.parametrize("path", MATRIX)
def test_the_matrix_holds(
    path: str, open_socket: OpenSocket, lamp: Device, alice: User, oscar: User, vera: User, charlie: User, root: User
) -> None:
    for frame, expected in MATRIX[path]:
        people = (alice, oscar, vera, charlie, root, None)
        assert tuple(outcome(open_socket, path, person, frame) for person in people) == expected, frame


def outcome(open_socket: OpenSocket, path: str, person: User | None, frame: Frame | None) -> str:
    client = Client()
    if person:
        client.force_login(person)
    socket = open_socket({**PAGE, **({"cookie": session_cookie(client)} if person else {})}, f"/{path}")
    answer = socket.receive()
    if frame is not None:
        answer = socket.ask(frame)
    return str(answer.get("code") or answer["type"])
