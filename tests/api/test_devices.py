"""Devices over REST: made, changed, removed; what the model refuses, the API refuses by field."""

from typing import Any

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from devices.models import Device, Project, Purge
from devices.removal import carry_out
from iotsphere.models import User
from telemetry.models import Metric, Reading
from tests.factories import DeviceFactory, DeviceTypeFactory, ReadingFactory
from tests.fixtures.clients import ApiClient

DEVICES = "/api/v1/devices/"
NEW = {"device_id": "ESP32_new.1", "name": "New", "project": "acme"}


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", name="Boiler", project=acme)


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 400, answer.content
    found: dict[str, list[str]] = answer.json()["errors"]
    return found


def test_a_device_is_made(api: ApiClient, alice: User) -> None:
    DeviceTypeFactory.create(slug="heater")
    body = {**NEW, "device_type": "heater", "labels": ["cellar"], "ip_address": "10.0.0.7"}
    answer = api(alice).post(DEVICES, body)
    assert answer.status_code == 201
    made = Device.objects.values_list("device_id", "project__slug", "device_type__slug", "labels")
    assert made.get() == ("ESP32_new.1", "acme", "heater", ["cellar"])


def test_a_device_is_found_at_its_device_id(api: ApiClient, alice: User) -> None:
    client = api(alice)
    client.post(DEVICES, NEW)
    assert client.get(f"{DEVICES}ESP32_new.1/").json()["name"] == "New"


def test_a_device_is_made_only_where_one_administers(api: ApiClient, alice: User, globex: Project) -> None:
    globex.memberships.create(user=alice, role="operator")
    answer = api(alice).post(DEVICES, {**NEW, "project": "globex"})
    assert answer.status_code == 403
    assert "in Globex" in answer.json()["detail"]


def test_a_project_that_one_cannot_see_does_not_exist(api: ApiClient, alice: User, globex: Project) -> None:
    assert "project" in errors(api(alice).post(DEVICES, {**NEW, "project": "globex"}))


def test_a_device_id_is_taken_once(api: ApiClient, alice: User, boiler: Device) -> None:
    assert "device_id" in errors(api(alice).post(DEVICES, {**NEW, "device_id": "boiler"}))


@pytest.mark.parametrize("device_id", ["", " ", "a b", "a/b", "ü", "x" * 65, "a\0", None, [], {}])
def test_a_device_id_has_only_what_topics_may_have(api: ApiClient, alice: User, device_id: Any) -> None:
    assert "device_id" in errors(api(alice).post(DEVICES, {**NEW, "device_id": device_id}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "a\0b"),
        ("ip_address", "1.2.3"),
        ("labels", "cellar"),
        ("labels", {"a": 1}),
        ("labels", [["cellar"]]),
        ("labels", [""]),
        ("labels", ["a\0b"]),
        ("labels", ["x"] * 51),
        ("lifecycle", "gone"),
        ("project", "no\0where"),
        ("project", {}),
        ("project", None),
        ("device_type", "nonsense"),
        ("device_type", 7),
        ("parent", "no\0where"),
        ("parent", ["boiler"]),
    ],
)
def test_a_value_that_is_not_accepted_is_named(api: ApiClient, alice: User, field: str, value: Any) -> None:
    assert {name.partition(".")[0] for name in errors(api(alice).post(DEVICES, {**NEW, field: value}))} == {field}


def test_a_device_is_changed(api: ApiClient, alice: User, boiler: Device) -> None:
    answer = api(alice).patch(f"{DEVICES}boiler/", {"name": "Cellar", "lifecycle": "disabled"})
    assert answer.json()["name"] == "Cellar"
    boiler.refresh_from_db()
    assert (boiler.name, boiler.lifecycle) == ("Cellar", "disabled")


@pytest.mark.parametrize("change", [{"device_id": "other"}, {"project": "globex"}])
def test_device_id_and_project_never_change(
    api: ApiClient, alice: User, boiler: Device, globex: Project, change: dict[str, str]
) -> None:
    globex.memberships.create(user=alice, role="admin")
    answer = api(alice).patch(f"{DEVICES}boiler/", change)
    assert errors(answer) == {field: ["It cannot be changed."] for field in change}


def test_what_cannot_change_may_be_sent_back_as_it_is(api: ApiClient, alice: User, boiler: Device) -> None:
    client = api(alice)
    everything = client.get(f"{DEVICES}boiler/").json()
    assert client.patch(f"{DEVICES}boiler/", {**everything, "name": "Cellar"}).json()["name"] == "Cellar"


def test_presence_is_not_to_be_changed(api: ApiClient, alice: User, boiler: Device) -> None:
    assert api(alice).patch(f"{DEVICES}boiler/", {"presence": "online"}).json()["presence"] == "unknown"


def test_a_device_cannot_be_behind_itself(api: ApiClient, alice: User, boiler: Device) -> None:
    assert "parent" in errors(api(alice).patch(f"{DEVICES}boiler/", {"parent": "boiler"}))


def test_a_device_cannot_be_behind_one_of_another_project(
    api: ApiClient, alice: User, boiler: Device, globex: Project
) -> None:
    globex.memberships.create(user=alice, role="admin")
    DeviceFactory.create(device_id="far", project=globex)
    assert "parent" in errors(api(alice).patch(f"{DEVICES}boiler/", {"parent": "far"}))


def test_a_change_that_was_refused_changes_nothing(api: ApiClient, alice: User, boiler: Device) -> None:
    api(alice).patch(f"{DEVICES}boiler/", {"name": "Other", "parent": "boiler"})
    boiler.refresh_from_db()
    assert boiler.name == "Boiler"


def test_a_removed_device_is_archived_and_keeps_what_it_sent(api: ApiClient, alice: User, boiler: Device) -> None:
    ReadingFactory.create(metric__device=boiler)
    assert api(alice).delete(f"{DEVICES}boiler/").status_code == 204
    boiler.refresh_from_db()
    assert (boiler.lifecycle, Reading.objects.count()) == ("archived", 1)


def test_archived_devices_are_listed_when_asked_for(api: ApiClient, alice: User, boiler: Device) -> None:
    api(alice).delete(f"{DEVICES}boiler/?telemetry=keep")
    assert api(alice).get(DEVICES).json()["count"] == 0
    assert api(alice).get(DEVICES, {"lifecycle": "archived"}).json()["count"] == 1
    assert api(alice).get(f"{DEVICES}boiler/").status_code == 200


def test_a_device_is_purged_with_everything_it_has_sent(api: ApiClient, alice: User, boiler: Device) -> None:
    ReadingFactory.create(metric__device=boiler)
    answer = api(alice).delete(f"{DEVICES}boiler/?telemetry=purge")
    assert (answer.status_code, answer.json()["percent"]) == (202, 0)
    carry_out(Purge.objects.get())
    assert [model.objects.count() for model in (Device, Metric, Reading)] == [0, 0, 0]
    receipt = api(alice).get(answer["Location"]).json()
    assert (receipt["percent"], receipt["gone"]["readings"], receipt["asked_by"]) == (100, 1, "alice")


def test_what_else_could_become_of_a_device_is_refused(api: ApiClient, alice: User, boiler: Device) -> None:
    assert "telemetry" in errors(api(alice).delete(f"{DEVICES}boiler/?telemetry=hide"))


def test_what_was_behind_a_purged_device_stays(api: ApiClient, alice: User, boiler: Device) -> None:
    child = DeviceFactory.create(project=boiler.project, parent=boiler)
    api(alice).delete(f"{DEVICES}boiler/?telemetry=purge")
    carry_out(Purge.objects.get())
    child.refresh_from_db()
    assert child.parent is None


def test_who_changed_a_device_is_on_record(alice: User, boiler: Device) -> None:
    access = str(AccessToken.for_user(alice))
    APIClient().patch(f"{DEVICES}boiler/", {"name": "Cellar"}, headers={"authorization": f"Bearer {access}"})
    assert boiler.history.latest().history_user == alice
