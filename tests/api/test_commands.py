from typing import Any

import pytest
from django.core.exceptions import ValidationError

from devices.commands import hand_over, send
from devices.models import AuditEntry, Command, Device, KeptAnswer, Project, Way
from iotsphere.models import User
from tests.factories import CommandTypeFactory, DeviceFactory, DeviceTypeFactory
from tests.fixtures.clients import ApiClient

COMMANDS = "/api/v1/commands/"
SCHEMA = {"type": "object", "properties": {"times": {"type": "integer", "maximum": 9}}, "additionalProperties": False}


@pytest.fixture
def lamp(acme: Project) -> Device:
    lamps = DeviceTypeFactory.create(slug="lamp")
    CommandTypeFactory.create(device_type=lamps, name="blink", params_schema=SCHEMA)
    return DeviceFactory.create(device_id="lamp.1", project=acme, device_type=lamps, labels=["hall"])


@pytest.fixture
def oscars(api: ApiClient, oscar: User) -> Any:
    return api(oscar)


def blink(**more: Any) -> dict[str, Any]:
    return {"name": "blink", "devices": ["lamp.1"], **more}


def test_a_command_is_queued(oscars: Any, lamp: Device) -> None:
    answer = oscars.post(COMMANDS, blink(params={"times": 3}))
    assert answer.status_code == 201
    [command] = answer.json()["commands"]
    assert (command["status"], command["device"], command["created_by"]) == ("queued", "lamp.1", "oscar")


def test_its_steps_tell_what_became_of_it(oscars: Any, lamp: Device) -> None:
    [command] = oscars.post(COMMANDS, blink()).json()["commands"]
    hand_over(lamp, Way.HTTP)
    shown = oscars.get(f"{COMMANDS}{command['id']}/").json()
    assert [(step["status"], step["witness"]) for step in shown["steps"]] == [("queued", "person"), ("sent", "portal")]


def test_one_command_goes_to_many_and_who_is_skipped_is_told_why(
    oscars: Any, lamp: Device, acme: Project, globex: Project
) -> None:
    DeviceFactory.create(device_id="lamp.2", project=acme, device_type=lamp.device_type)
    DeviceFactory.create(device_id="lamp.3", project=acme, device_type=lamp.device_type, lifecycle="disabled")
    DeviceFactory.create(device_id="kettle", project=acme)
    DeviceFactory.create(device_id="theirs", project=globex, device_type=lamp.device_type)
    answer = oscars.post(COMMANDS, blink(devices=["lamp.1", "lamp.2", "lamp.3", "kettle", "theirs", "nothing"])).json()
    assert [command["device"] for command in answer["commands"]] == ["lamp.1", "lamp.2"]
    assert {each["device"]: each["reason"] for each in answer["skipped"]} == {
        "theirs": "not_found",
        "nothing": "not_found",
        "lamp.3": "out_of_service",
        "kettle": "no_such_command",
    }


def test_a_dry_run_sends_nothing(oscars: Any, lamp: Device) -> None:
    answer = oscars.post(COMMANDS, blink(dry_run=True))
    assert (answer.status_code, answer.json()) == (200, {"targets": ["lamp.1"], "skipped": []})
    assert not Command.objects.exists()


@pytest.mark.parametrize("where", [{"label": "hall"}, {"device_type": "lamp"}, {"project": "acme", "label": "hall"}])
def test_devices_are_chosen_by_what_they_are(oscars: Any, lamp: Device, acme: Project, where: dict[str, str]) -> None:
    DeviceFactory.create(project=acme)
    if "project" not in where:
        DeviceFactory.create(device_type=lamp.device_type, labels=["hall"])  # of a project that Oscar does not see
    answer = oscars.post(COMMANDS, {"name": "blink", "where": where})
    assert [command["device"] for command in answer.json()["commands"]] == ["lamp.1"]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (blink(params={"times": 90}), 400, "90 is greater than the maximum"),
        (blink(params={"colour": "red"}), 400, "colour"),
        (blink(params={"times": "x" * 20_000}), 400, "bytes"),
        (blink(params={"times": "\0"}), 400, "NUL"),
        (blink(params=[]), 400, "params"),
        (blink(name="Blink!"), 400, "name"),
        (blink(devices=[]), 400, "devices"),
        (blink(devices=["nothing"]), 400, "nothing"),
        (blink(devices=["a/b\0"]), 400, ""),
        (blink(where={"label": "hall"}), 400, "either devices or where"),
        (blink(expires_in=0), 400, "expires_in"),
        ({"name": "blink", "where": {}}, 400, "at least one"),
        ({"name": "blink"}, 400, "either devices or where"),
        (blink(name="explode"), 409, "takes no such command"),
        ({"name": "blink", "where": {"label": "nowhere"}}, 409, "No device is like that"),
    ],
)
def test_what_cannot_be_sent_is_told_and_changes_nothing(
    oscars: Any, lamp: Device, body: dict[str, Any], status: int, word: str
) -> None:
    answer = oscars.post(COMMANDS, body)
    assert (answer.status_code, word in answer.content.decode()) == (status, True), answer.content
    assert not Command.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_same_request_is_done_once(oscars: Any, lamp: Device) -> None:
    first, again = (oscars.post(COMMANDS, blink(), headers={"Idempotency-Key": "press-1"}) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Command.objects.count() == 1


def test_another_request_with_the_same_key_is_refused(oscars: Any, lamp: Device) -> None:
    oscars.post(COMMANDS, blink(), headers={"Idempotency-Key": "press-1"})
    answer = oscars.post(COMMANDS, blink(params={"times": 2}), headers={"Idempotency-Key": "press-1"})
    assert answer.status_code == 409
    assert Command.objects.count() == 1


def test_keys_of_two_people_are_two_keys(api: ApiClient, alice: User, oscar: User, lamp: Device) -> None:
    for person in (alice, oscar):
        assert api(person).post(COMMANDS, blink(), headers={"Idempotency-Key": "1"}).status_code == 201
    assert Command.objects.count() == 2


def test_an_error_is_not_kept(oscars: Any, lamp: Device) -> None:
    key = {"Idempotency-Key": "press-1"}
    assert oscars.post(COMMANDS, blink(params={"times": 90}), headers=key).status_code == 400
    assert not KeptAnswer.objects.exists()
    assert oscars.post(COMMANDS, blink(), headers=key).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 129, "a b"])
def test_a_key_that_is_none_is_refused(oscars: Any, lamp: Device, key: str) -> None:
    assert oscars.post(COMMANDS, blink(), headers={"Idempotency-Key": key}).status_code == 400


def test_a_queued_command_is_taken_back(oscars: Any, lamp: Device) -> None:
    [command] = oscars.post(COMMANDS, blink()).json()["commands"]
    answer = oscars.post(f"{COMMANDS}{command['id']}/cancel/")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


def test_what_was_sent_cannot_be_taken_back(oscars: Any, lamp: Device) -> None:
    [command] = oscars.post(COMMANDS, blink()).json()["commands"]
    hand_over(lamp, Way.HTTP)
    answer = oscars.post(f"{COMMANDS}{command['id']}/cancel/")
    assert (answer.status_code, answer.json()["detail"]) == (409, "It is too late: the command is sent.")


@pytest.mark.parametrize(
    ("query", "found"),
    [("status=queued", 1), ("status=sent", 0), ("device=lamp.1", 1), ("device=x", 0), ("is_open=true", 1),
     ("is_open=false", 0), ("project=acme", 1), ("created_by=oscar", 1), ("name=blink", 1)],
)  # fmt: skip
def test_the_list_is_narrowed(oscars: Any, lamp: Device, query: str, found: int) -> None:
    oscars.post(COMMANDS, blink())
    assert oscars.get(f"{COMMANDS}?{query}").json()["count"] == found


@pytest.mark.parametrize("pk", ["1", "x", "00000000-0000-4000-8000-000000000000"])
def test_what_is_no_command_is_not_found(oscars: Any, lamp: Device, pk: str) -> None:
    assert oscars.get(f"{COMMANDS}{pk}/").status_code == 404


def test_charlie_sees_no_commands_of_acme(api: ApiClient, charlie: User, lamp: Device) -> None:
    [command], _ = send(None, "blink", {}, [lamp])
    assert api(charlie).get(COMMANDS).json()["count"] == 0
    assert api(charlie).get(f"{COMMANDS}{command.pk}/").status_code == 404


def test_a_schema_with_an_address_is_not_fetched(acme: Project) -> None:
    lamp_type = CommandTypeFactory.create(params_schema={"type": "object"})
    lamp_type.params_schema = {"$ref": "http://127.0.0.1:9/x", "type": "object"}
    with pytest.raises(ValidationError):
        lamp_type.full_clean()
