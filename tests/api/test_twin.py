from typing import Any

import pytest

from devices.models import Device, Project, Twin
from devices.twin import report
from iotsphere.models import User
from tests.factories import DeviceFactory, DeviceTypeFactory
from tests.fixtures.clients import ApiClient

TWIN = "/api/v1/devices/boiler.1/twin/"
SCHEMA = {"type": "object", "properties": {"target": {"type": "number", "maximum": 75}}, "additionalProperties": False}


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(
        device_id="boiler.1", project=acme, device_type=DeviceTypeFactory.create(settings_schema=SCHEMA)
    )


@pytest.fixture
def oscars(api: ApiClient, oscar: User) -> Any:
    return api(oscar)


def test_what_is_desired_is_shown_as_owed(oscars: Any, boiler: Device) -> None:
    answer = oscars.patch(TWIN, {"desired": {"target": 55}})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    shown = oscars.get(TWIN).json()
    assert (shown["desired"], shown["reported"], shown["delta"]) == ({"target": 55}, {}, {"target": 55})
    assert list(shown["pending"]) == ["target"]
    assert shown["settings_schema"] == SCHEMA


def test_what_is_reported_is_owed_no_longer(oscars: Any, boiler: Device) -> None:
    oscars.patch(TWIN, {"desired": {"target": 55}})
    report(boiler, {"target": 55}, version=1)
    assert oscars.get(TWIN).json()["delta"] == {}


def test_who_has_seen_the_newest_version_may_change_it(oscars: Any, boiler: Device) -> None:
    etag = oscars.get(TWIN).headers["ETag"]
    assert oscars.patch(TWIN, {"desired": {"target": 50}}, headers={"If-Match": etag}).status_code == 200


@pytest.mark.parametrize("etag", ['"0"', 'W/"1"', '"7"'])
def test_who_has_seen_another_version_changes_nothing(oscars: Any, boiler: Device, etag: str) -> None:
    oscars.patch(TWIN, {"desired": {"target": 55}})
    answer = oscars.patch(TWIN, {"desired": {"target": 60}}, headers={"If-Match": etag})
    assert answer.status_code == 412
    assert Twin.objects.get().desired == {"target": 55}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"desired": {"target": 90}}, "target: 90 is greater"),
        ({"desired": {"mode": "eco"}}, "mode"),
        ({"desired": {"target": "\0"}}, "NUL"),
        ({"desired": {"target": "x" * 20_000}}, "bytes"),
        ({"desired": []}, "desired"),
        ({}, "desired"),
    ],
)
def test_what_the_type_does_not_accept_is_told_and_changes_nothing(
    oscars: Any, boiler: Device, body: dict[str, Any], word: str
) -> None:
    answer = oscars.patch(TWIN, body)
    assert (answer.status_code, word in answer.content.decode()) == (400, True), answer.content
    assert not Twin.objects.exists()


@pytest.mark.parametrize("etag", ["3", '"x"', '"1", "2"', ""])
def test_what_is_no_etag_is_refused(oscars: Any, boiler: Device, etag: str) -> None:
    assert oscars.patch(TWIN, {"desired": {"target": 55}}, headers={"If-Match": etag}).status_code == 400


def test_a_device_without_settings_says_so(oscars: Any, acme: Project) -> None:
    DeviceFactory.create(device_id="boiler.1", project=acme)
    assert oscars.patch(TWIN, {"desired": {"target": 55}}).status_code == 409


def test_what_became_of_it_is_listed_newest_first(oscars: Any, boiler: Device, charlie: User, api: ApiClient) -> None:
    oscars.patch(TWIN, {"desired": {"target": 55}})
    report(boiler, {"target": 55}, version=1)
    changes = oscars.get(f"{TWIN}changes/").json()["results"]
    assert [(change["side"], change["by"], change["diff"]) for change in changes] == [
        ("reported", None, {"target": {"from": None, "to": 55}}),
        ("desired", "oscar", {"target": {"from": None, "to": 55}}),
    ]
    assert oscars.get(f"{TWIN}changes/?side=desired").json()["count"] == 1
    assert api(charlie).get(f"{TWIN}changes/").status_code == 404
