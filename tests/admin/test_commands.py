"""Commands in the admin: sent to many devices, looked at, taken back."""

from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client

from devices.commands import send
from devices.models import Command, Device, Project
from iotsphere.models import User
from tests.admin.addresses import list_of, page_of
from tests.factories import CommandTypeFactory, DeviceFactory, DeviceTypeFactory
from tests.fixtures.clients import PageClient

pytestmark = pytest.mark.once

DEVICES = list_of("devices.Device")
SCHEMA = {
    "type": "object",
    "properties": {"times": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, "loud": {"type": "boolean"}},
    "required": ["times"],
}


@pytest.fixture
def lamps(acme: Project) -> list[Device]:
    lamp_type = DeviceTypeFactory.create()
    CommandTypeFactory.create(device_type=lamp_type, name="blink", params_schema=SCHEMA)
    CommandTypeFactory.create(device_type=lamp_type, name="reset")
    lamps: list[Device] = DeviceFactory.create_batch(2, project=acme, device_type=lamp_type)
    return [*lamps, DeviceFactory.create(project=acme, name="Kettle")]


@pytest.fixture
def admin(pages: PageClient, alice: User) -> Client:
    return pages(alice)


def press(admin: Client, lamps: list[Device], **answers: Any) -> Any:
    keys = [lamp.pk for lamp in lamps]
    return admin.post(DEVICES, {"action": "send_command", ACTION_CHECKBOX_NAME: keys, **answers}, follow=True)


def seen(answer: Any) -> str:
    value: str = answer.context["form"]["seen"].value()
    return value


def test_it_is_chosen_filled_in_looked_at_and_sent(admin: Client, lamps: list[Device]) -> None:
    first = press(admin, lamps)
    assert [name for name, _ in first.context["form"].fields["name"].choices] == ["blink", "reset"]
    second = press(admin, lamps, confirmed="yes", name="blink")
    assert second.context["form"]["param-times"].value() == 3
    assert not second.context["form"].errors
    answers = {"confirmed": "yes", "name": "blink", "param-times": "5", "param-loud": "true"}
    third = press(admin, lamps, **answers)
    assert third.context["submit"] == "Send to 2 devices"
    assert "takes no such command" in third.context["items"][2]
    assert not Command.objects.exists()
    press(admin, lamps, **answers, seen=seen(third))
    sent = [(command.device_id, command.params) for command in Command.objects.order_by("device_id")]
    assert sent == [(lamp.pk, {"times": 5, "loud": True}) for lamp in lamps[:2]]


def test_what_was_changed_after_the_look_is_looked_at_again(admin: Client, lamps: list[Device]) -> None:
    third = press(admin, lamps, confirmed="yes", name="blink", **{"param-times": "5", "param-loud": ""})
    press(admin, lamps, confirmed="yes", name="blink", seen=seen(third), **{"param-times": "6", "param-loud": ""})
    assert not Command.objects.exists()


def test_a_command_without_parameters_is_looked_at_at_once(admin: Client, lamps: list[Device]) -> None:
    look = press(admin, lamps, confirmed="yes", name="reset")
    press(admin, lamps, confirmed="yes", name="reset", seen=seen(look))
    assert Command.objects.count() == 2


@pytest.mark.parametrize("times", ["", "99", "x"])
def test_parameters_that_do_not_fit_are_told(admin: Client, lamps: list[Device], times: str) -> None:
    answer = press(admin, lamps, confirmed="yes", name="blink", **{"param-times": times, "param-loud": ""})
    assert "param-times" in answer.context["form"].errors
    assert not Command.objects.exists()


def test_a_queued_command_is_taken_back(admin: Client, lamps: list[Device]) -> None:
    [command], _ = send(None, "reset", {}, lamps[:1])
    address = f"/admin/devices/command/{command.pk}/take_back/"
    assert admin.get(address).context["submit"] == "Take back"
    command.refresh_from_db()
    assert command.status == "queued"
    admin.post(address, {"confirmed": "yes"})
    command.refresh_from_db()
    assert command.status == "cancelled"


def test_the_page_of_a_command_tells_its_steps(admin: Client, lamps: list[Device], oscar: User) -> None:
    [command], _ = send(oscar, "reset", {}, lamps[:1])
    assert b"oscar" in admin.get(page_of(command)).content
