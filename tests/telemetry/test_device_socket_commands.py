"""Commands and settings by way of a device's socket."""

from typing import Any

import pytest

from devices.commands import send
from devices.models import Command, Device, DeviceType, Twin
from devices.twin import desire
from tests.factories import CommandTypeFactory, DeviceTypeFactory
from tests.fixtures.device_sockets import ConnectDevice
from tests.fixtures.sockets import Frame, LiveSocket

pytestmark = pytest.mark.django_db(transaction=True)
SETTINGS = {"type": "object", "properties": {"led": {"type": "boolean"}}, "additionalProperties": False}


@pytest.fixture
def lamp(sensor: Device) -> Device:
    lamps: DeviceType = DeviceTypeFactory.create(settings_schema=SETTINGS)
    CommandTypeFactory.create(device_type=lamps, name="blink")
    sensor.device_type = lamps
    sensor.save()
    return sensor


def blink(lamp: Device) -> Command:
    [command], _ = send(None, "blink", {}, [lamp])
    return command


def status(command: Command) -> str:
    return Command.objects.values_list("status", flat=True).get(pk=command.pk)


def said(command: Command, how: str, **more: Any) -> Frame:
    return {"type": "reply", "id": "r", "command": str(command.pk), "status": how, **more}


def answer_to(socket: LiveSocket, frame: Frame) -> Frame:
    """The next frame that is no command: one may come twice, and devices know it again by its ID."""
    socket.send(frame)
    while (answer := socket.receive())["type"] == "command":
        pass
    return answer


def test_a_command_comes_while_the_socket_is_open(connect_device: ConnectDevice, lamp: Device) -> None:
    socket = connect_device()
    command = blink(lamp)
    told = socket.receive()
    assert (told["type"], told["id"], told["name"]) == ("command", str(command.pk), "blink")
    assert status(command) == "sent"
    assert answer_to(socket, said(command, "delivered"))["status"] == "delivered"
    answer = answer_to(socket, said(command, "succeeded", result={"blinked": 3}))
    assert answer == {"type": "ack", "id": "r", "command": str(command.pk), "status": "succeeded"}
    assert Command.objects.get().result == {"blinked": 3}


def test_a_command_that_waited_comes_when_the_socket_opens(connect_device: ConnectDevice, lamp: Device) -> None:
    command = blink(lamp)
    assert status(command) == "queued"
    assert connect_device().receive()["id"] == str(command.pk)
    assert status(command) == "sent"


def test_a_command_without_a_reply_comes_again_on_the_next_socket(connect_device: ConnectDevice, lamp: Device) -> None:
    command = blink(lamp)
    for _ in range(2):
        socket = connect_device()
        assert socket.receive()["id"] == str(command.pk)
        socket.close()


def test_what_is_desired_comes_and_is_reported(connect_device: ConnectDevice, lamp: Device) -> None:
    socket = connect_device()
    desire(lamp, {"led": False}, None)
    assert socket.receive() == {"type": "desired", "version": 1, "state": {"led": False}}
    answer = socket.ask({"type": "reported", "id": "t", "version": 1, "state": {"led": False}})
    assert answer == {"type": "ack", "id": "t", "version": 1}
    assert Twin.objects.get().pending_since is None
    assert socket.receive_nothing()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "reply", "command": "1", "status": "failed"}, "not_found"),
        ({"type": "reply", "status": "failed"}, "not_found"),
        ({"type": "reply", "command": "1", "status": "sent"}, "bad_request"),
        ({"type": "reported"}, "bad_request"),
        ({"type": "reported", "state": {"led": "\0"}}, "bad_request"),
        ({"type": "reported", "state": {}, "version": 7}, "bad_request"),
    ],
)
def test_what_cannot_be_noted_is_told(connect_device: ConnectDevice, lamp: Device, frame: Frame, code: str) -> None:
    assert connect_device().ask({"id": "x", **frame})["code"] == code
