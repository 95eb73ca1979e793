"""Commands and twins over the live socket: what pages are told, and what people may ask for."""

from typing import Any

import pytest

from devices.command_states import CommandStatus
from devices.commands import Reply, reply, send
from devices.models import Command, Device, Project, Twin
from devices.twin import desire, report
from iotsphere.models import User
from tests.factories import CommandTypeFactory, DeviceFactory, DeviceTypeFactory
from tests.fixtures.sockets import Live, LiveSocket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SETTINGS = {"type": "object", "properties": {"mode": {"enum": ["eco", "off"]}}, "additionalProperties": False}


@pytest.fixture
def lamp(acme: Project) -> Device:
    lamps = DeviceTypeFactory.create(settings_schema=SETTINGS)
    CommandTypeFactory.create(device_type=lamps, name="blink")
    return DeviceFactory.create(device_id="lamp", project=acme, device_type=lamps)


def watch(socket: LiveSocket) -> dict[str, Any]:
    """What the socket is told of the lamp at first."""
    state: dict[str, Any] = socket.ask({"type": "subscribe", "id": "x", "devices": ["lamp"]})["devices"]["lamp"]
    return state


def change(socket: LiveSocket) -> dict[str, Any]:
    found: dict[str, Any] = socket.receive()["devices"]["lamp"]
    return found


def test_the_state_tells_what_was_wanted_and_commanded(live: Live, vera: User, lamp: Device, oscar: User) -> None:
    [command], _ = send(oscar, "blink", {}, [lamp])
    desire(lamp, {"mode": "off"}, oscar)
    state = watch(live(vera))
    assert state["commands"][str(command.pk)]["status"] == "queued"
    assert state["commands"][str(command.pk)]["by"] == "oscar"
    assert (state["twin"]["version"], state["twin"]["desired"]) == (1, {"mode": "off"})
    assert list(state["twin"]["pending"]) == ["mode"]


def test_a_device_without_them_has_none(live: Live, vera: User, lamp: Device) -> None:
    assert watch(live(vera)).keys() == {"presence", "last_message", "values"}


def test_a_commands_progress_is_told(live: Live, vera: User, lamp: Device) -> None:
    socket = live(vera)
    watch(socket)
    [command], _ = send(None, "blink", {}, [lamp])
    assert change(socket)["commands"][str(command.pk)]["status"] == "queued"
    reply(lamp, str(command.pk), Reply(CommandStatus.FAILED, reason="No power"))
    told = change(socket)["commands"][str(command.pk)]
    assert (told["status"], told["reason"]) == ("failed", "No power")


def test_what_a_device_reports_is_told(live: Live, vera: User, lamp: Device) -> None:
    socket = live(vera)
    watch(socket)
    desire(lamp, {"mode": "off"}, None)
    assert list(change(socket)["twin"]["pending"]) == ["mode"]
    report(lamp, {"mode": "off"}, version=1)
    assert change(socket)["twin"]["pending"] == {}


def test_an_operator_sends_a_command(live: Live, oscar: User, lamp: Device) -> None:
    answer = live(oscar).ask({"type": "command", "id": "press", "device": "lamp", "name": "blink"})
    command = Command.objects.get()
    assert answer == {"type": "ack", "id": "press", "commands": {"lamp": str(command.pk)}, "skipped": {}}
    assert command.created_by == oscar


def test_an_operator_changes_a_setting(live: Live, oscar: User, lamp: Device) -> None:
    answer = live(oscar).ask({"type": "desired", "id": "set", "device": "lamp", "state": {"mode": "eco"}})
    assert answer == {"type": "ack", "id": "set", "version": 1}
    assert Twin.objects.get().desired == {"mode": "eco"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "command", "device": "lamp", "name": "blink", "params": {"x": 1}}, "bad_request"),
        ({"type": "command", "device": "lamp", "name": "blink", "params": []}, "bad_request"),
        ({"type": "command", "device": "lamp", "name": "explode"}, "conflict"),
        ({"type": "command", "device": "nothing", "name": "blink"}, "not_found"),
        ({"type": "command", "device": "\0", "name": "\0"}, "not_found"),
        ({"type": "command", "devices": [1], "name": "blink"}, "bad_request"),
        ({"type": "command", "devices": [], "name": "blink"}, "conflict"),
        ({"type": "command", "device": "lamp", "name": "blink", "expires_in": -1}, "bad_request"),
        ({"type": "command"}, "bad_request"),
        ({"type": "desired", "device": "lamp", "state": {"mode": "warp"}}, "bad_request"),
        ({"type": "desired", "device": "lamp", "state": {"mode": "off"}, "version": 4}, "stale"),
        ({"type": "desired", "device": "nothing", "state": {}}, "not_found"),
        ({"type": "desired"}, "bad_request"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    live: Live, oscar: User, lamp: Device, frame: dict[str, Any], code: str
) -> None:
    answer = live(oscar).ask({"id": "x", **frame})
    assert (answer["type"], answer["id"], answer["code"]) == ("error", "x", code)
    assert not Command.objects.exists()
    assert not Twin.objects.filter(version__gt=0).exists()


def test_without_an_id_nothing_is_done(live: Live, oscar: User, lamp: Device) -> None:
    assert live(oscar).ask({"type": "command", "device": "lamp", "name": "blink"})["code"] == "bad_request"
    assert not Command.objects.exists()


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "command", "id": "x", "device": "lamp", "name": "blink"},
        {"type": "desired", "id": "x", "device": "lamp", "state": {"mode": "off"}},
    ],
)
def test_a_viewer_may_not_and_charlie_does_not_know_the_device(
    live: Live, vera: User, charlie: User, lamp: Device, frame: dict[str, Any]
) -> None:
    assert live(vera).ask(frame)["code"] == "forbidden"
    assert live(charlie).ask(frame)["code"] == "not_found"
    assert not Command.objects.exists()
    assert not Twin.objects.exists()
