"""Devices that ask over HTTP what they are to do."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from devices.commands import send
from devices.credentials import issue
from devices.models import Command, Device, Project, Twin
from devices.twin import desire
from tests.factories import CommandTypeFactory, DeviceFactory, DeviceTypeFactory

COMMANDS, TWIN = "/api/v1/device/commands", "/api/v1/device/twin"
SETTINGS = {"type": "object", "properties": {"mode": {"enum": ["eco", "off"]}}}


@pytest.fixture
def lamp(acme: Project) -> Device:
    lamps = DeviceTypeFactory.create(settings_schema=SETTINGS)
    CommandTypeFactory.create(device_type=lamps, name="blink", params_schema={"type": "object"})
    return DeviceFactory.create(project=acme, device_type=lamps)


@pytest.fixture
def device(lamp: Device) -> APIClient:
    """The lamp itself."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(lamp, 'api_key', None)[1]}")
    return client


@pytest.fixture
def command(lamp: Device) -> Command:
    [command], _ = send(None, "blink", {"times": 3}, [lamp])
    return command


def say(device: APIClient, command: Command, **body: Any) -> Any:
    return device.post(f"{COMMANDS}/{command.pk}/reply", body)


def test_a_device_fetches_a_command_and_says_how_it_went(device: APIClient, command: Command) -> None:
    [told] = device.get(COMMANDS).json()["commands"]
    assert (told["id"], told["name"], told["params"]) == (str(command.pk), "blink", {"times": 3})
    assert say(device, command, status="delivered").json()["status"] == "delivered"
    assert device.get(COMMANDS).json() == {"commands": []}
    assert say(device, command, status="succeeded", result={"blinked": 3}).json()["status"] == "succeeded"
    assert [step.status for step in command.steps.order_by("pk")] == ["queued", "sent", "delivered", "succeeded"]


def test_an_answer_that_was_lost_is_fetched_again(device: APIClient, command: Command) -> None:
    assert device.get(COMMANDS).json() == device.get(COMMANDS).json() != {"commands": []}


def test_commands_come_in_the_order_in_which_they_were_given(device: APIClient, lamp: Device) -> None:
    for times in range(3):
        send(None, "blink", {"times": times}, [lamp])
    assert [told["params"]["times"] for told in device.get(COMMANDS).json()["commands"]] == [0, 1, 2]


def test_a_late_reply_is_told_how_the_command_stands(device: APIClient, command: Command) -> None:
    Command.objects.update(status="timed_out")
    answer = say(device, command, status="succeeded")
    assert (answer.status_code, answer.json()["status"]) == (200, "timed_out")


@pytest.mark.parametrize(
    "body", [{}, {"status": "sent"}, {"status": "queued"}, {"status": 1}, {"status": "failed", "reason": ["x"]}]
)
def test_what_is_no_reply_is_refused(device: APIClient, command: Command, body: dict[str, Any]) -> None:
    assert say(device, command, **body).status_code == 400
    command.refresh_from_db()
    assert command.status == "queued"


@pytest.mark.parametrize("command_id", ["1", "x" * 300, "00000000-0000-4000-8000-000000000000", "%00"])
def test_a_reply_to_no_command_is_not_found(device: APIClient, command: Command, command_id: str) -> None:
    assert device.post(f"{COMMANDS}/{command_id}/reply", {"status": "failed"}).status_code == 404


def test_a_device_sees_and_answers_its_own_commands_alone(command: Command) -> None:
    other = APIClient()
    other.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(DeviceFactory.create(), 'api_key', None)[1]}")
    assert other.get(COMMANDS).json() == {"commands": []}
    assert say(other, command, status="succeeded").status_code == 404


def test_a_device_fetches_its_twin_and_reports(device: APIClient, lamp: Device) -> None:
    desire(lamp, {"mode": "off"}, None)
    told = device.get(TWIN).json()
    assert told == {"version": 1, "desired": {"mode": "off"}, "reported": {}, "delta": {"mode": "off"}}
    answer = device.patch(TWIN, {"state": {"mode": "off"}, "version": 1})
    assert (answer.status_code, answer.json()["delta"]) == (200, {})


def test_a_report_that_was_overtaken_is_a_conflict(device: APIClient, lamp: Device) -> None:
    for mode in ("off", "eco"):
        desire(lamp, {"mode": mode}, None)
    device.patch(TWIN, {"state": {"mode": "eco"}, "version": 2})
    assert device.patch(TWIN, {"state": {"mode": "off"}, "version": 1}).status_code == 409
    assert Twin.objects.get().reported == {"mode": "eco"}


@pytest.mark.parametrize("body", [{}, {"state": []}, {"state": {"a": "\0"}}, {"state": {}, "version": 9}, []])
def test_what_is_no_report_is_refused(device: APIClient, body: Any) -> None:
    assert device.patch(TWIN, body).status_code == 400


@pytest.mark.parametrize("address", [COMMANDS, TWIN])
def test_a_device_out_of_service_is_refused(device: APIClient, lamp: Device, address: str) -> None:
    Device.objects.filter(pk=lamp.pk).update(lifecycle="disabled")
    assert device.get(address).status_code == 403
